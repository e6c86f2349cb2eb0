/** `createTestEvents()`: a bus for tests, on the simulated platform and in virtual time. */

import type { Catalogue } from "../event/catalogue.ts";
import { rejectUnknownKeys, show } from "../event/validation.ts";
import type { Events } from "../events.ts";
import type { Handler } from "../handlers/handler.ts";
import { registrationOf } from "../registration.ts";
import { callHandler } from "./call-handler.ts";
import { ratesOf } from "./chaos.ts";
import { instantOf, startOf } from "./instants.ts";
import { opened } from "./open-buses.ts";
import { Plans } from "./plans.ts";
import { Invocation } from "./platform/invocation.ts";
import { Isolate } from "./platform/isolate.ts";
import { RealWork } from "./real-work.ts";
import { Recording } from "./recording.ts";
import type {
	AnyEvents,
	OtherWorker,
	TestEvents,
	TestEventsOptions,
} from "./test-events.ts";
import { TestFate } from "./test-fate.ts";
import { startWorker } from "./test-worker.ts";
import { VirtualTime } from "./virtual-time.ts";

/** The host of requests to the Worker. No rule depends on it. */
const ORIGIN = "https://worker.test";

const OPTIONS = ["now", "env", "seed", "workers", "config", "chaos"];

/**
 * Creates a bus for a test: the events with their handlers, queues and objects on a simulated platform. Time passes only
 * in `settle` and `advance`. Handlers that are registered later are not seen.
 *
 * @throws RefusedError for an unknown option; Error for a configuration that names what does not exist
 * @example
 * const bus = createTestEvents(events, { now: "2027-03-01T09:00Z" });
 * await bus.publish("user.joined", { userId: "u1" });
 * await bus.settle();
 */
export function createTestEvents<Listed extends Catalogue>(
	events: Events<Listed>,
	options: TestEventsOptions = {},
): TestEvents<Listed> {
	rejectUnknownKeys("createTestEvents", options, OPTIONS);
	const { env = {}, seed = 1, config = {}, chaos } = options;
	const workers = Object.fromEntries(
		Object.entries(options.workers ?? {}).map(([key, one]) => [
			key,
			"events" in one ? one : { events: one },
		]),
	) as Record<string, OtherWorker>;
	const fate = new TestFate(
		chaos?.seed ?? seed,
		ratesOf(chaos),
		chaos?.reorder ?? false,
	);
	const [plans, recording, realWork] = [
		new Plans(),
		new Recording(),
		new RealWork(),
	];
	const { platform, activate, fetch } = startWorker(events, {
		...{ env, config, workers, fate, plans, recording, realWork },
		start: startOf(options.now),
		listen({ what, at, where, subjects }) {
			if (!FAULTS.has(what)) return;
			recording.timeline.note(at, what, where, ...subjects);
			time.watch();
		},
	});
	const time = new VirtualTime(platform, realWork, activate);
	const handlers = handlersOf(events, workers);
	const check = (handler: string) => {
		// Deliveries to the subscribers of an app's event have ids of their own.
		if (!handlers.has(handler) && !handler.startsWith("@"))
			throw new Error(
				`tidings/testing: there is no handler ${show(handler)}; there are ${[...handlers.keys()].join(", ") || "none"}`,
			);
	};

	const request = <Result>(act: () => Result | Promise<Result>) =>
		time.settled(async () => {
			fate.isTestCalling = true;
			const invocation = new Invocation(new Isolate(platform, "test"));
			realWork.started(invocation.work);
			try {
				return await invocation.run(async () => act());
			} finally {
				fate.isTestCalling = false;
				realWork.ended(invocation.work);
				invocation.returned();
			}
		});
	const { publish, publishBatch, cancel, reschedule } = events as Events;
	const bus: TestEvents = {
		publish: (...args: unknown[]) =>
			request(() => publish(...(args as [string]))),
		publishBatch: (items) => request(() => publishBatch(items)),
		cancel: (id) => request(() => cancel(id)),
		reschedule: (id, after) => request(() => reschedule(id, after)),
		request,
		fetch: (path, init) =>
			request(() => fetch(new Request(new URL(path, ORIGIN), init))),
		get now() {
			return new Date(platform.time.now);
		},
		settle: () => time.settle(),
		advance: async (to) => time.advance(instantOf(to, platform.time.now)),
		published: (name?: string) =>
			recording.published.filter(
				(event) => name === undefined || event.name === name,
			) as never,
		attempts(handler) {
			if (handler !== undefined) check(handler);
			return recording.attempts
				.filter((one) => handler === undefined || one.handler === handler)
				.map((one) => ({ ...one }));
		},
		deadLetters: () => recording.deadLetters,
		failNext(handler, times, error) {
			check(handler);
			plans.failNext(handler, times, error);
		},
		crashAt: (point) => plans.crashAt(point, fate),
		async run(handler, body, runOptions) {
			check(handler);
			const found = handlers.get(handler);
			return request(() => callHandler(found as never, body, runOptions));
		},
		timeline: () => recording.timeline.toString(),
		dispose() {
			open.isDisposed = true;
			time.stop();
			platform.close();
		},
		[Symbol.dispose]() {
			bus.dispose();
		},
	};
	const open = {
		timeline: () => recording.timeline.toString(),
		isDisposed: false,
	};
	opened(open);
	return bus as never;
}

/** Notes of the platform after which work may be left without an alarm, as a crash or a failed call does. */
const FAULTS: ReadonlySet<string> = new Set([
	...(["crash_before", "crash_after", "refused", "halfway", "lied"] as const),
	...(["reset", "slow", "duplicated", "killed", "alarm stuck"] as const),
	...(["alarm given up", "given up", "expired"] as const),
]);

/** Handlers by the ids of their deliveries. */
function handlersOf(
	events: Events,
	workers: Readonly<Record<string, OtherWorker>>,
): Map<string, Handler> {
	const all = new Map<string, Handler>();
	const add = (of: AnyEvents, prefix: string) => {
		for (const handler of registrationOf(of).handlers.list())
			all.set(prefix + handler.id, handler);
	};
	add(events, "");
	for (const [key, other] of Object.entries(workers))
		add(other.events, `${key}/`);
	return all;
}
