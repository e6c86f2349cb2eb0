/**
 * Stubs for the Workers whose handlers the owner calls. Their handlers run in the isolate of the test, and publish to
 * the owner as a Worker with a binding does.
 */
import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import type { Config } from "../../config/config.ts";
import { bindingBus } from "../../publish/bus.ts";
import type { PublisherBinding } from "../../publish/transport.ts";
import { registrationOf } from "../../registration.ts";
import { publisher, subscriber } from "../../worker.ts";
import type { AnyEvents, OtherWorker } from "../other-workers.ts";
import type { Owner, WatchedWorker } from "./watched-worker.ts";

/**
 * Puts the stubs in the place of the owner's bindings, until the test ends.
 *
 * @param config names the binding of each Worker
 * @throws Error for a Worker that the configuration does not name, or variables of its own
 */
export function stubWorkers(
	workers: Readonly<Record<string, OtherWorker>>,
	{ subscribers = {} }: Config,
	{
		events,
		owner,
		watched,
	}: {
		events: AnyEvents;
		owner: Owner | undefined;
		watched: WatchedWorker;
	},
): void {
	for (const [key, other] of Object.entries(workers)) {
		const binding = subscribers[key]?.binding;
		const isConfigured = owner?.ports.workers.all.some(
			(one) => one.key === key,
		);
		if (!owner || !isConfigured)
			throw invalidWorker(
				key,
				"the Worker's configuration has no subscriber of this key; add it to tidings.config.ts",
			);
		if (binding === undefined)
			throw invalidWorker(
				key,
				"its binding is not known; give the config too, as createTestEvents(events, { workers, config })",
			);
		if (other.env)
			throw invalidWorker(
				key,
				"env: all Workers share one isolate here; use createTestEvents of tidings/testing, in Node",
			);
		const registration = registrationOf(other.events);
		watched.watchHandlers(other.events, `${key}/`);
		const bus = bindingBus(publisherFor(events, key), registration);
		// In this isolate there is a queue of events, so the Worker takes itself for the owner.
		watched.replace(registration, { assembled: { ...owner, bus } });
		const Subscriber = subscriber(other.events, { key });
		const stub = new Subscriber(createExecutionContext(), env as never);
		watched.replace(env as object, { [binding]: stub });
	}
}

/** The owner's entrypoint, as the Worker with this key is bound to it. */
function publisherFor(events: AnyEvents, key: string): PublisherBinding {
	const Publisher = publisher(events);
	const context = Object.assign(createExecutionContext(), {
		props: { app: key },
	});
	return new Publisher(context, env as never) as unknown as PublisherBinding;
}

function invalidWorker(key: string, problem: string): Error {
	return new Error(
		`tidings/testing/workers: createTestEvents: workers: ${key}: ${problem}`,
	);
}
