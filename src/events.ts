/** `createEvents()`: registers handlers and publishes, for one Worker. It contains no rules of its own. */
import { waitUntil } from "cloudflare:workers";
import type { App } from "./apps/app.ts";
import type { AppPorts } from "./apps/app-ports.ts";
import type {
	Catalogue,
	CatalogueOf,
	EventFor,
	NameIn,
	Publishes,
	Unset,
} from "./event/catalogue.ts";
import {
	byName,
	checkBody,
	type Definition,
	listed,
} from "./event/definition.ts";
import { atIndex } from "./event/errors.ts";
import { bodyText } from "./event/json.ts";
import { checkName } from "./event/name.ts";
import type { Observe } from "./event/transition.ts";
import { rejectUnknownKeys } from "./event/validation.ts";
import type {
	HandlerFunction,
	HandlerOptions,
	TidingsEvent,
} from "./handlers/handler.ts";
import { HandlerRegistry, register } from "./handlers/registry.ts";
import type { Retries } from "./handlers/retry-policy.ts";
import { binding, ownsEvents } from "./platform/environment.ts";
import { logTransitions, safeObserver } from "./platform/log.ts";
import { publish, publishBatch } from "./publish/publish.ts";
import {
	localRequestOf,
	type PublishRequest,
	requestsOf,
} from "./publish/request.ts";
import {
	callOwner,
	type PublisherBinding,
	type Transport,
	transportTo,
	withRevivedErrors,
} from "./publish/transport.ts";
import { outliveResponse } from "./publish/wait-until.ts";
import { cancel, reschedule } from "./schedule/schedule.ts";

export interface EventsOptions<Definitions extends readonly Definition[]> {
	/** The events that are checked and typed when published by name. Default: none. */
	events?: Definitions;
	/** The service binding to publish through in a Worker that does not own the events. Default `"EVENTS"`. */
	binding?: string;
	/** Apps, whose events subscribers join while it runs. Default: none. */
	apps?: readonly App[];
	/** Receives every transition. Default: logs each failed attempt and each dead letter. */
	observe?: Observe;
}

type Target<Listed extends Catalogue> =
	| NameIn<Listed>
	| Definition
	| readonly NameIn<Listed>[];

type HandlerFor<Listed extends Catalogue, Body, On> = HandlerFunction<
	[Body] extends [Unset] ? EventFor<Listed, On> : TidingsEvent<NoInfer<Body>>
>;

const REGISTRATION: unique symbol = Symbol("tidings.registration");

export interface Events<Listed extends Catalogue = Catalogue>
	extends Publishes<Listed> {
	/**
	 * Registers a handler for a definition, a name, a pattern (`*` is one segment, `**` any number) or several.
	 *
	 * An attempt has 5 seconds and a delivery 10 retries, exponential from 5 seconds, unless the options say otherwise.
	 *
	 * @throws RefusedError `invalid_handler` for a timeout over 60 seconds, a repeated id, a pattern that is none
	 * @example
	 * events.on("order.*", { id: "audit", retries: 3 }, async ({ name, body }) => {});
	 */
	on<Body = Unset, const On extends Target<Listed> = Target<Listed>>(
		target: On,
		handler: HandlerFor<Listed, Body, On>,
	): void;
	/** The same with an id, a timeout and a retry policy. */
	on<Body = Unset, const On extends Target<Listed> = Target<Listed>>(
		target: On,
		options: HandlerOptions,
		handler: HandlerFor<Listed, Body, On>,
	): void;
	/** The apps that this Worker, or one that it has bound, brings. */
	readonly apps: {
		/**
		 * Runs a tool of an app at once, on behalf of the user whose tokens these are; answers what it returned.
		 *
		 * @throws RefusedError for an unknown app or tool, or a token that is not valid; ToolFailedError when it failed
		 */
		run(
			app: string,
			tool: string,
			input?: unknown,
			options?: { tokens?: readonly string[] },
		): Promise<unknown>;
	};
	/** Contains the types of the listed events; never set. */
	readonly "~catalogue"?: Listed;
	/** For the entry points of Tidings only. */
	readonly [REGISTRATION]: Registration;
}

/** Everything that is registered in one Worker. */
export interface Registration {
	readonly handlers: HandlerRegistry;
	readonly apps: readonly App[];
	readonly observe: Observe;
	definitionOf(name: string): Definition | undefined;
	/** Set once, by `worker(events)`. */
	assembled?: Assembled;
}

/** The dependencies of the Worker that owns the events, as `config/assemble.ts` creates them. */
export interface Assembled {
	readonly ports: AppPorts;
	/** Runs a tool of an app at once. */
	runTool: RunTool;
}

type RunTool = (
	app: string,
	tool: string,
	input: unknown,
	tokens: readonly string[],
) => Promise<unknown>;

/** @throws TypeError unless `createEvents` returned it */
export function registrationOf(events: Events): Registration {
	const registration = events?.[REGISTRATION];
	if (registration) return registration;
	throw new TypeError("tidings: expected the result of createEvents()");
}

/** @throws Error until `worker(events)` is called */
export function portsOf(events: Events): AppPorts {
	return assembledOf(registrationOf(events)).ports;
}

function assembledOf({ assembled }: Registration): Assembled {
	if (assembled) return assembled;
	throw new Error(
		"tidings: this Worker has the queue EVENTS_QUEUE but never called worker(events); export default worker(events) in its main module",
	);
}

const OPTIONS = ["events", "binding", "apps", "observe"];

/**
 * Creates the events of one Worker, to register handlers and to publish.
 *
 * @throws RefusedError if two definitions have the same name; TypeError if an app is given twice
 * @example
 * export const events = createEvents({ events: [OrderPlaced] });
 */
export function createEvents<
	const Definitions extends readonly Definition[] = [],
>(options: EventsOptions<Definitions> = {}): Events<CatalogueOf<Definitions>> {
	rejectUnknownKeys("createEvents", options, OPTIONS);
	const { binding: name = "EVENTS", apps = [] } = options;
	const definitions = byName(options.events ?? []);
	const registration: Registration = {
		handlers: new HandlerRegistry(),
		apps,
		observe: safeObserver(options.observe ?? logTransitions),
		definitionOf: (name) => definitions.get(name),
	};
	registerApps(registration);
	const bus = () => busOf(registration, name);
	const events = {
		[REGISTRATION]: registration,
		on: (target: unknown, ...args: unknown[]) =>
			register(registration.handlers, target, args),
		publish: (...args: unknown[]) =>
			outliveResponse(
				async () => bus().publish(localRequestOf(args)),
				waitUntil,
			),
		publishBatch: (items: unknown) =>
			outliveResponse(
				async () => bus().publishBatch(requestsOf(items)),
				waitUntil,
			),
		cancel: (id: string) =>
			outliveResponse(async () => bus().cancel(id), waitUntil),
		reschedule: (id: string, after: unknown) =>
			outliveResponse(async () => bus().reschedule(id, after), waitUntil),
		apps: {
			run: async (
				app: string,
				tool: string,
				input: unknown = null,
				{ tokens = [] }: { tokens?: readonly string[] } = {},
			) => bus().runTool(app, tool, input, tokens),
		},
	} as unknown as Events<CatalogueOf<Definitions>>;
	for (const definition of definitions.values())
		listed(definition, (args) =>
			(events as Events).publish(definition, ...(args as [unknown])),
		);
	return events;
}

function registerApps({ apps, handlers }: Registration): void {
	const names = new Set<string>();
	for (const { declaration, handlers: own } of apps) {
		if (names.has(declaration.name))
			throw new TypeError(
				`tidings: the app ${declaration.name} is given twice; list it once`,
			);
		names.add(declaration.name);
		for (const handler of own) handlers.add(handler);
	}
}

/** The identical events, except that handlers registered through the result have another default policy. */
export function withRetries(retries: Retries, events: Events): Events {
	const { handlers } = registrationOf(events);
	return {
		...events,
		on: (target: unknown, ...args: unknown[]) =>
			register(handlers, target, args, retries),
	};
}

type Bus = Transport & { runTool: RunTool };

/** @param name of the service binding to the owner */
function busOf(registration: Registration, name: string): Bus {
	if (ownsEvents()) return ownBus(assembledOf(registration));
	const owner = binding<PublisherBinding>(name);
	if (owner) return bindingBus(owner, registration);
	throw new Error(
		`tidings: this Worker cannot publish: bind the owner's entrypoint Publisher as ${name} in [[services]] or, if this Worker owns the events, bind the queue EVENTS_QUEUE`,
	);
}

function ownBus({ ports, runTool }: Assembled): Bus {
	return {
		runTool,
		publish: (request) => publish(request, ports),
		publishBatch: (requests) => publishBatch(requests, ports),
		cancel: (id) => cancel(id, ports),
		reschedule: (id, after) => reschedule(id, after, ports),
	};
}

/** Checks schemas here, because only this Worker may know them. The owner checks everything else. */
function bindingBus(
	owner: PublisherBinding,
	{ definitionOf }: Registration,
): Bus {
	const transport = transportTo(owner);
	return {
		...transport,
		runTool: (app, tool, input, tokens) =>
			withRevivedErrors(async () => {
				const plain = JSON.parse(bodyText(input));
				return callOwner(owner, "runTool", app, tool, plain, { tokens });
			}),
		async publish(request) {
			await check(request);
			return transport.publish(request);
		},
		async publishBatch(requests) {
			for (const [index, request] of requests.entries())
				await check(request).catch((error) => {
					throw atIndex(error, index);
				});
			return transport.publishBatch(requests);
		},
	};

	async function check({ name, body, definition }: PublishRequest) {
		checkName(name);
		const schema = (definition ?? definitionOf(name))?.schema;
		if (schema) await checkBody(name, schema, JSON.parse(bodyText(body)));
	}
}
