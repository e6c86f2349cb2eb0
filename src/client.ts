/**
 * Entry point for publishing over a service binding or over HTTP, in Workers and in Node. It validates only what cannot
 * cross an entry point. The owner validates names, sizes, schemas and permissions.
 */
import type { CatalogueIn, Publishes } from "./event/catalogue.ts";
import type { Receipt } from "./event/errors.ts";
import {
	checkHttpTarget,
	type HttpTarget,
	isHttpTarget,
	overHttp,
} from "./publish/http.ts";
import {
	localRequestOf,
	requestsOf,
	subjectOf,
	subjectOfBatch,
} from "./publish/request.ts";
import {
	type BareBinding,
	type Calls,
	checkedTransport,
	overBinding,
	type PublisherBinding,
} from "./publish/transport.ts";
import { outliveResponse } from "./publish/wait-until.ts";

export {
	ForbiddenError,
	PartialPublishError,
	RefusedError,
	ToolFailedError,
	UnauthorizedError,
	UnavailableError,
} from "./event/errors.ts";
export type { BareBinding, HttpTarget, PublisherBinding, Publishes, Receipt };

// Dynamic, so that the module also loads in Node.
const platform = await import(
	/* webpackIgnore: true */ /* @vite-ignore */ "cloudflare:workers"
).catch(() => undefined);

/**
 * Creates a typed publisher over a service binding or over HTTP. In a Worker, a publish that is not awaited arrives
 * too.
 *
 * @throws TypeError if the target is neither a binding nor `{ url, key }`
 *
 * @example
 * const events = createClient<typeof import("./events").events>(env.EVENTS);
 * await events.publish("order.placed", { orderId: "o1" });
 */
export function createClient<Events = unknown>(
	target: PublisherBinding | BareBinding | HttpTarget,
): Publishes<CatalogueIn<Events>> {
	const transport = checkedTransport(callsTo(target));
	const waitUntil = platform?.waitUntil;
	return {
		publish: (...args: unknown[]) =>
			outliveResponse(
				async () => transport.publish(localRequestOf(args)),
				waitUntil,
				subjectOf(args),
			),
		publishBatch: (items: unknown) =>
			outliveResponse(
				async () => transport.publishBatch(requestsOf(items)),
				waitUntil,
				subjectOfBatch(items),
			),
		cancel: (id: string) =>
			outliveResponse(() => transport.cancel(id), waitUntil, { event: id }),
		reschedule: (id: string, after: unknown) =>
			outliveResponse(() => transport.reschedule(id, after), waitUntil, {
				event: id,
			}),
	} as Publishes<CatalogueIn<Events>>;
}

/** @throws TypeError for an invalid target, before the first publish would fail */
function callsTo(target: object): Calls {
	if (isHttpTarget(Object(target))) {
		checkHttpTarget(target);
		return overHttp(target as HttpTarget);
	}
	const { publish } = Object(target);
	if (typeof publish === "function")
		return overBinding(target as PublisherBinding);
	throw new TypeError(
		"tidings: createClient: the target is neither a binding nor { url, key }: bind the owner's Publisher entrypoint in [[services]], or give { url, key }",
	);
}
