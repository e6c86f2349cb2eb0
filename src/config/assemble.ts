/**
 * Gives the Worker that owns the events what its configuration says, when it starts: a binding or a handler
 * that is named and not there is an error then, and not when the first event comes.
 */
import { env } from "cloudflare:workers";
import { appHost } from "../apps/owner-host.ts";
import { runTool } from "../apps/run-tool.ts";
import { withWebhookUrl } from "../apps/webhooks/accept.ts";
import { newId } from "../event/id.ts";
import { type HandlerFunction, handlerOf } from "../handlers/handler.ts";
import {
	handlerAt,
	hasModule,
	SUBSCRIBER_EXPORTS,
} from "../handlers/modules.ts";
import { KEY_SEPARATOR, workerKeyOf } from "../handlers/route.ts";
import { consumersOf, type SubscriberBinding } from "../handlers/workers.ts";
import type { Owner } from "../owner.ts";
import { bindings, namedQueues, schedulerShard } from "../platform/bindings.ts";
import {
	coalescingLanes,
	coalescingQueue,
	coalescingScheduler,
} from "../publish/coalesce.ts";
import { retryingPayloads } from "../publish/retry-send.ts";
import { schedulerOf } from "../schedule/shards.ts";
import type { Settings } from "./settings.ts";

/**
 * The answer is the owner as its consumer has it.
 *
 * @param prefix stands before our paths
 * @throws Error that names the path of what is not there
 */
export function configure(
	owner: Owner,
	settings: Settings,
	prefix: string,
): Owner {
	const { shards, subscribers, routing, issuers, url } = settings;
	checkBindings(settings);
	registerFiles(settings, owner);
	checkIds(settings, owner);
	// From here on it publishes by itself; other Workers publish through it.
	const { payloads } = bindings();
	const scheduler = schedulerOf(shards.all, schedulerShard);
	const named = namedQueues();
	Object.assign(owner, {
		...named,
		events: coalescingQueue(named.events, owner),
		lanes: coalescingLanes(named.lanes, owner),
		payloads: retryingPayloads(payloads, owner),
		scheduler: coalescingScheduler(scheduler, owner),
	} satisfies Partial<Owner>);
	owner.newId = (time) => newId(time, shards.now);
	owner.issuers = issuers;
	owner.shaped = (name, record) => withWebhookUrl(name, record, owner);
	owner.doorOf = (inName) => appHost(inName, owner);
	owner.runTool = (app, tool, input, tokens) =>
		runTool(app, tool, input, tokens, owner);
	owner.webhookUrl = (name, secret) =>
		`${url}${prefix}/hooks/${name}/${secret}`;
	owner.consumers = consumersOf(subscribers, routing, owner);
	// What the consumer asks for is not tried again by itself: its message is.
	const plain: Partial<Owner> = { payloads, scheduler };
	return Object.assign(Object.create(owner), plain);
}

function checkBindings({ subscribers }: Settings): void {
	for (const [key, binding] of Object.entries(subscribers)) {
		// A stub has every method until it is called; no other binding has this one.
		const bound = (
			env as unknown as Record<string, Partial<SubscriberBinding>>
		)[binding];
		if (typeof bound?.handlers !== "function")
			throw new Error(
				`tidings.config.ts: subscribers.${key}.binding: ${JSON.stringify(binding)} is ${bound === undefined ? "not bound" : "bound to what is no Worker"}: add it to [[services]] with binding = ${JSON.stringify(binding)}, the Worker's name as service and entrypoint = "Subscriber", and run wrangler types`,
			);
	}
}

/** A handler that only a route names may be a file of that name. */
function registerFiles({ routing }: Settings, { handlers }: Owner): void {
	for (const { handler: id, patterns } of routing.overrides) {
		const file = fileOf(id);
		if (patterns && !handlers.get(id) && hasModule(file)) {
			const resolve = handlerAt({ file, exports: SUBSCRIBER_EXPORTS });
			const run: HandlerFunction = (event, context) =>
				resolve()(event, context);
			handlers.add(handlerOf(patterns, { id }, run));
		}
	}
}

function fileOf(id: string): string {
	return `src/subscribers/${id}`;
}

/** An id leads to one handler: its own Worker's, or the one of the Worker whose key it begins with. */
function checkIds(
	{ subscribers, routing }: Settings,
	{ handlers }: Owner,
): void {
	const workerOf = (id: string) => {
		const key = workerKeyOf(id);
		return key !== undefined && Object.hasOwn(subscribers, key)
			? key
			: undefined;
	};
	for (const { id } of handlers.list())
		if (workerOf(id) !== undefined)
			throw new Error(
				`tidings.config.ts: subscribers.${workerOf(id)}: this Worker's own handler ${JSON.stringify(id)} begins with that key: give one of them another name`,
			);
	for (const { id, handler } of routing.overrides) {
		const path = `tidings.config.ts: routes[${JSON.stringify(id)}]`;
		if (id !== handler && handlers.get(id))
			throw new Error(
				`${path}: a handler has this id and the route calls another, ${JSON.stringify(handler)}: give the route another name`,
			);
		if (id !== handler && workerOf(id) !== undefined)
			throw new Error(
				`${path}: this could be the name of a handler of the Worker ${workerOf(id)}, and the route calls ${JSON.stringify(handler)}: give the route a name that does not begin with ${workerOf(id)}${KEY_SEPARATOR}`,
			);
		if (!handlers.get(handler) && workerOf(handler) === undefined)
			throw new Error(
				`${path}: there is no handler ${JSON.stringify(handler)}: this Worker has ${listing(handlers.list().map((one) => one.id))}, handlers of others begin with ${listing(Object.keys(subscribers).map((key) => key + KEY_SEPARATOR))}, and ${hasModule(fileOf(handler)) ? `${fileOf(handler)} needs the route's events` : `no module is known at ${fileOf(handler)}: npx tidings generate makes it known`}`,
			);
	}
}

function listing(words: readonly string[]): string {
	return words.length === 0 ? "none" : words.join(", ");
}
