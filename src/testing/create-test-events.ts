/** `createTestEvents()`: a bus for tests, on the simulated platform and in virtual time. */

import type { Catalogue } from "../event/catalogue.ts";
import { rejectUnknownKeys } from "../event/validation.ts";
import type { Events } from "../events.ts";
import { callHandler } from "./call-handler.ts";
import { ratesOf } from "./chaos.ts";
import { instantOf, startOf } from "./instants.ts";
import { KnownHandlers } from "./known-handlers.ts";
import { observationsOf } from "./observations.ts";
import { opened } from "./open-buses.ts";
import { eventsOf, otherWorkersOf } from "./other-workers.ts";
import { PlannedCrashes } from "./planned-crashes.ts";
import { PlannedFailures } from "./planned-failures.ts";
import { Invocation } from "./platform/invocation.ts";
import { Isolate } from "./platform/isolate.ts";
import { RealWork } from "./real-work.ts";
import { Recording } from "./recording.ts";
import type { TestEvents, TestEventsOptions } from "./test-events.ts";
import { TestFate } from "./test-fate.ts";
import { startWorker } from "./test-worker.ts";
import { VirtualTime } from "./virtual-time.ts";

/** The host of requests to the Worker. No rule depends on it. */
const ORIGIN = "https://worker.test";

const OPTIONS = ["now", "env", "seed", "workers", "config", "chaos"];

/**
 * Creates a bus for a test: the events with their handlers, queues and objects on a simulated platform. Time passes
 * only in `settle` and `advance`. Handlers that are registered later are not seen.
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
	const workers = otherWorkersOf(options.workers);
	const fate = new TestFate(
		chaos?.seed ?? seed,
		ratesOf(chaos),
		chaos?.reorder ?? false,
	);
	const failures = new PlannedFailures();
	const crashes = new PlannedCrashes(fate);
	const recording = new Recording();
	const realWork = new RealWork();
	const { platform, activate, fetch } = startWorker(events, {
		env,
		config,
		workers,
		fate,
		failures,
		crashes,
		recording,
		realWork,
		start: startOf(options.now),
		listen({ what, at, where, subjects }) {
			if (!FAULTS.has(what)) return;
			recording.timeline.note(at, what, where, ...subjects);
			time.watch();
		},
	});
	const time = new VirtualTime(platform, realWork, activate);
	const handlers = new KnownHandlers(events, eventsOf(workers));

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
		...observationsOf(recording, failures, handlers),
		crashAt: (point) => crashes.crashAt(point),
		async run(handler, body, runOptions) {
			const found = handlers.get(handler);
			return request(() => callHandler(found, body, runOptions));
		},
		dispose() {
			if (time.isOver) return;
			time.stop();
			platform.close();
		},
		[Symbol.dispose]() {
			bus.dispose();
		},
	};
	opened(bus);
	return bus as never;
}

/** Notes of the platform after which work may be left without an alarm, as a crash or a failed call does. */
const FAULTS: ReadonlySet<string> = new Set([
	"crash_before",
	"crash_after",
	"refused",
	"halfway",
	"lied",
	"reset",
	"slow",
	"duplicated",
	"killed",
	"alarm stuck",
	"alarm given up",
	"given up",
	"expired",
]);
