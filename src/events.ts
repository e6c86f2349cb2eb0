/** `createEvents()`: the registry of handlers and the bus that publishes, for one Worker. It holds no rules. */
import { env, waitUntil } from "cloudflare:workers";
import type { App } from "./apps/app.ts";
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
import { DEFAULT_SHARDS, newId } from "./event/id.ts";
import { bodyText } from "./event/json.ts";
import { checkName } from "./event/name.ts";
import { logFailures, type Observe, safeObserver } from "./event/transition.ts";
import { rejectUnknownKeys } from "./event/validation.ts";
import { NO_CONSUMERS } from "./handlers/call.ts";
import {
	type HandlerFunction,
	type HandlerOptions,
	Handlers,
	type TidingsEvent,
} from "./handlers/handler.ts";
import { register } from "./handlers/register.ts";
import type { Retries } from "./handlers/retry-policy.ts";
import {
	keepOwner,
	NO_APPS,
	type Owner,
	ownerOf,
	registerApps,
} from "./owner.ts";
import {
	bindings,
	ownsEvents,
	schedulerShard,
	subscriptionsOf,
} from "./platform/bindings.ts";
import { realTimer } from "./platform/timer.ts";
import { publish, publishBatch } from "./publish/publish.ts";
import {
	localRequestOf,
	type PublishRequest,
	requestsOf,
} from "./publish/request.ts";
import {
	type PublisherBinding,
	type Transport,
	transportTo,
	withRevivedErrors,
} from "./publish/transport.ts";
import { outliveResponse } from "./publish/wait-until.ts";
import { cancel, reschedule } from "./schedule/schedule.ts";
import { schedulerOf } from "./schedule/shards.ts";

export interface EventsOptions<Definitions extends readonly Definition[]> {
	/** The events that are checked and typed when published by name. Default: none. */
	events?: Definitions;
	/** The service binding to publish through in a Worker that does not own the events. Default `"EVENTS"`. */
	binding?: string;
	/** Apps, whose events subscribers join while it runs. Default: none. */
	apps?: readonly App[];
	/** Is told of every transition. Default: logs each failed attempt and each dead letter. */
	observe?: Observe;
}

type Target<Listed extends Catalogue> =
	| NameIn<Listed>
	| Definition
	| readonly NameIn<Listed>[];

type HandlerFor<Listed extends Catalogue, Body, On> = HandlerFunction<
	[Body] extends [Unset] ? EventFor<Listed, On> : TidingsEvent<NoInfer<Body>>
>;

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
	/** Carries the types of the listed events; never set. */
	readonly "~catalogue"?: Listed;
}

const OPTIONS = ["events", "binding", "apps", "observe"];

/**
 * Makes the events of one Worker: register handlers on it, and publish through it.
 *
 * @throws RefusedError when two definitions have one name
 * @example
 * export const events = createEvents({ events: [OrderPlaced] });
 */
export function createEvents<
	const Definitions extends readonly Definition[] = [],
>(options: EventsOptions<Definitions> = {}): Events<CatalogueOf<Definitions>> {
	rejectUnknownKeys("createEvents", options, OPTIONS);
	const { binding = "EVENTS", apps = [], observe = logFailures } = options;
	const definitions = byName(options.events ?? []);
	const owner: Owner = {
		...bindings(),
		scheduler: schedulerOf(DEFAULT_SHARDS, schedulerShard),
		handlers: new Handlers(),
		consumers: NO_CONSUMERS,
		apps,
		...NO_APPS,
		subscriptionsOf,
		definitionOf: (name) => definitions.get(name),
		newId: (time) => newId(time, DEFAULT_SHARDS),
		clock: () => Date.now(),
		random: () => Math.random(),
		timer: realTimer,
		observe: safeObserver(observe),
	};
	const own = byOwner(owner);
	const publishing = () => {
		if (ownsEvents()) return own;
		const bound = (env as unknown as Record<string, unknown>)[binding];
		if (bound) return byBinding(bound as PublisherBinding, owner);
		throw new Error(
			`tidings: this Worker can publish nowhere: bind the owner's entrypoint Publisher as ${binding} in [[services]], or, if it owns the events, the queue EVENTS_QUEUE`,
		);
	};
	const events = {
		on: (target: unknown, ...rest: unknown[]) => register(owner, target, rest),
		publish: (...args: unknown[]) =>
			outliveResponse(
				async () => publishing().publish(localRequestOf(args)),
				waitUntil,
			),
		publishBatch: (items: unknown) =>
			outliveResponse(
				async () => publishing().publishBatch(requestsOf(items)),
				waitUntil,
			),
		cancel: (id: string) =>
			outliveResponse(async () => publishing().cancel(id), waitUntil),
		reschedule: (id: string, after: unknown) =>
			outliveResponse(
				async () => publishing().reschedule(id, after),
				waitUntil,
			),
		apps: {
			run: async (
				app: string,
				tool: string,
				input: unknown = null,
				{ tokens = [] }: { tokens?: readonly string[] } = {},
			) => publishing().runTool(app, tool, input, tokens),
		},
	} as Events<CatalogueOf<Definitions>>;
	registerApps(apps, owner);
	for (const definition of definitions.values())
		listed(definition, (args) =>
			(events as Events).publish(definition, ...(args as [unknown])),
		);
	keepOwner(events, owner);
	return events;
}

/** The same bus, through which handlers get this policy unless they say otherwise. */
export function withRetries(retries: Retries, events: Events): Events {
	const owner = ownerOf(events);
	const same: Events = {
		...events,
		on: (target: unknown, ...rest: unknown[]) =>
			register(owner, target, rest, retries),
	};
	keepOwner(same, owner);
	return same;
}

/** How requests travel within one account. */
type Bus = Transport & Pick<Owner, "runTool">;

function byOwner(owner: Owner): Bus {
	return {
		// Looked up with each call: the owner learns how when it is configured.
		runTool: (app, tool, input, tokens) =>
			owner.runTool(app, tool, input, tokens),
		publish: (request) => publish(request, owner),
		publishBatch: (requests) => publishBatch(requests, owner),
		cancel: (id) => cancel(id, owner),
		reschedule: (id, after) => reschedule(id, after, owner),
	};
}

/** The owner checks the rest; but only this Worker may know the schema. */
function byBinding(binding: PublisherBinding, { definitionOf }: Owner): Bus {
	const transport = transportTo(binding);
	return {
		...transport,
		runTool: (app, tool, input, tokens) =>
			withRevivedErrors(async () => {
				const plain = JSON.parse(bodyText(input));
				return binding.runTool(app, tool, plain, { tokens });
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
