/** `createEvents()`: registers handlers and publishes, for one Worker. It contains no rules of its own. */
import { waitUntil } from "cloudflare:workers";
import type { App } from "./apps/app.ts";
import type {
	Catalogue,
	CatalogueOf,
	DefinitionIn,
	EventFor,
	NameIn,
	Publishes,
	Strict,
	Unset,
} from "./event/catalogue.ts";
import {
	byName,
	type Definition,
	isDefinition,
	listed,
	listedNames,
} from "./event/definition.ts";
import type { TidingsEvent } from "./event/envelope.ts";
import { isName } from "./event/name.ts";
import type { Observe } from "./event/transition.ts";
import { rejectUnknownKeys } from "./event/validation.ts";
import {
	type HandlerFunction,
	type HandlerOptions,
	invalidHandler,
} from "./handlers/handler.ts";
import { register } from "./handlers/registry.ts";
import type { Retries } from "./handlers/retry-policy.ts";
import { binding, isTraced, ownsEvents } from "./platform/environment.ts";
import { logTransitions, safeObserver, withTrace } from "./platform/log.ts";
import { bindingBus } from "./publish/bus.ts";
import {
	localRequestOf,
	requestsOf,
	subjectOf,
	subjectOfBatch,
} from "./publish/request.ts";
import type { Bus, PublisherBinding } from "./publish/transport.ts";
import { outliveResponse } from "./publish/wait-until.ts";
import {
	assembledOf,
	newRegistration,
	REGISTRATION,
	type Registration,
	registrationOf,
} from "./registration.ts";

export interface EventsOptions<Definitions extends readonly Definition[]> {
	/** Definitions whose events are validated and typed when they are published by name. Default: none. */
	events?: Definitions;
	/**
	 * Closes the list: any other name is rejected wherever it is published, and in `on` unless it is a pattern. Events of
	 * apps are not affected. Default false.
	 */
	strict?: boolean;
	/** The service binding to the owner, for a Worker that does not own the events. Default `"EVENTS"`. */
	binding?: string;
	/** Apps whose events users subscribe to at run time. Default: none. */
	apps?: readonly App[];
	/** Receives every transition. Default: logs each failed attempt and each dead letter. */
	observe?: Observe;
}

/** A name, or a pattern: also of a strict catalogue. */
type Pattern<Listed extends Catalogue> = NameIn<Listed> | `${string}*${string}`;

type Target<Listed extends Catalogue> =
	| Pattern<Listed>
	| DefinitionIn<Listed>
	| readonly Pattern<Listed>[];

type HandlerFor<Listed extends Catalogue, Body, On> = HandlerFunction<
	[Body] extends [Unset] ? EventFor<Listed, On> : TidingsEvent<NoInfer<Body>>
>;

export interface Events<Listed extends Catalogue = Catalogue>
	extends Publishes<Listed> {
	/**
	 * Registers a handler for a definition, a name, a pattern (`*` is one segment, `**` any number) or several.
	 *
	 * Defaults: 5 seconds for an attempt, 10 retries with exponential backoff from 5 seconds.
	 *
	 * @throws RefusedError `invalid_handler` for a timeout over 60 seconds, a repeated id, or an invalid pattern
	 * @example
	 * events.on("order.*", { id: "audit", retries: 3 }, async ({ name, body }) => {});
	 */
	on<Body = Unset, const On extends Target<Listed> = Target<Listed>>(
		target: On,
		handler: HandlerFor<Listed, Body, On>,
	): void;
	/** Registers a handler with an id, a timeout and a retry policy. */
	on<Body = Unset, const On extends Target<Listed> = Target<Listed>>(
		target: On,
		options: HandlerOptions,
		handler: HandlerFor<Listed, Body, On>,
	): void;
	/** The apps of this Worker and of the Workers that it binds. */
	readonly apps: {
		/**
		 * Runs a tool of an app at once, on behalf of the user with these tokens. Returns its result.
		 *
		 * @throws RefusedError for an unknown app or tool, or an invalid token; ToolFailedError if the tool failed
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

const OPTIONS = ["events", "strict", "binding", "apps", "observe"];

/**
 * Creates the events of one Worker, to register handlers and to publish.
 *
 * @throws RefusedError if two definitions have the same name; TypeError if an app is given twice
 * @example
 * export const events = createEvents({ events: [OrderPlaced] });
 */
export function createEvents<
	const Definitions extends readonly Definition[] = [],
	const IsStrict extends boolean = false,
>(
	options: EventsOptions<Definitions> & { strict?: IsStrict } = {},
): Events<
	CatalogueOf<Definitions> & (IsStrict extends true ? Strict : unknown)
> {
	rejectUnknownKeys("createEvents", options, OPTIONS);
	const { binding: name = "EVENTS", apps = [], strict = false } = options;
	const { observe } = options;
	const definitions = byName(options.events ?? []);
	const registration = newRegistration({
		apps,
		observe: safeObserver(
			isTraced() ? withTrace(observe) : (observe ?? logTransitions),
		),
		definitions: [...definitions.values()],
		definitionOf: (name) => definitions.get(name),
		checkListed: strict ? listedNames([...definitions.keys()]) : () => {},
	});
	const bus = () => busOf(registration, name);
	const events = {
		[REGISTRATION]: registration,
		on: (target: unknown, ...args: unknown[]) =>
			addHandler(registration, target, args),
		publish: (...args: unknown[]) =>
			outliveResponse(
				async () => bus().publish(localRequestOf(args)),
				waitUntil,
				subjectOf(args),
			),
		publishBatch: (items: unknown) =>
			outliveResponse(
				async () => bus().publishBatch(requestsOf(items)),
				waitUntil,
				subjectOfBatch(items),
			),
		cancel: (id: string) =>
			outliveResponse(async () => bus().cancel(id), waitUntil, { event: id }),
		reschedule: (id: string, after: unknown) =>
			outliveResponse(async () => bus().reschedule(id, after), waitUntil, {
				event: id,
			}),
		apps: {
			run: async (
				app: string,
				tool: string,
				input?: unknown,
				{ tokens = [] }: { tokens?: readonly string[] } = {},
			) => bus().runTool(app, tool, input, tokens),
		},
	} as unknown as Events;
	for (const definition of definitions.values())
		listed(definition, (args) =>
			events.publish(definition, ...(args as [unknown])),
		);
	return events as never;
}

/** @throws RefusedError `invalid_handler`, also for a name that a strict list does not have */
function addHandler(
	{ handlers, checkListed }: Registration,
	target: unknown,
	args: unknown[],
	retries?: Retries,
): void {
	for (const one of [target].flat()) {
		const name = isDefinition(one) ? one.name : one;
		try {
			// A pattern may match names that are added later.
			if (typeof name === "string" && isName(name)) checkListed(name);
		} catch (error) {
			throw invalidHandler((error as Error).message);
		}
	}
	register(handlers, target, args, retries);
}

/** The identical events, except that handlers registered through the result have another default policy. */
export function withRetries(retries: Retries, events: Events): Events {
	const registration = registrationOf(events);
	return {
		...events,
		on: (target: unknown, ...args: unknown[]) =>
			addHandler(registration, target, args, retries),
	};
}

/** @param name of the service binding to the owner */
function busOf(registration: Registration, name: string): Bus {
	if (ownsEvents()) return assembledOf(registration).bus;
	const owner = binding<PublisherBinding>(name);
	if (owner) return bindingBus(owner, registration);
	throw new Error(
		`tidings: this Worker cannot publish; bind the owner's entrypoint Publisher as ${name} in [[services]] or, if this Worker owns the events, bind the queue EVENTS_QUEUE`,
	);
}
