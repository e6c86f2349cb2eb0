/** `createTestEvents()` on the real runtime: a bus for tests, over the queues and objects of the Worker under test. */
import { env, exports } from "cloudflare:workers";
import type { Catalogue } from "../../event/catalogue.ts";
import { LISTING_TTL } from "../../event/limits.ts";
import { rejectUnknownKeys } from "../../event/validation.ts";
import type { Events } from "../../events.ts";
import { registrationOf } from "../../registration.ts";
import { callHandler } from "../call-handler.ts";
import { instantOf } from "../instants.ts";
import { KnownHandlers } from "../known-handlers.ts";
import { observationsOf } from "../observations.ts";
import { opened } from "../open-buses.ts";
import { eventsOf, otherWorkersOf } from "../other-workers.ts";
import type { TestEvents, TestEventsOptions } from "../test-events.ts";
import { Alarms } from "./alarms.ts";
import { clock } from "./clock.ts";
import { stubWorkers } from "./other-workers.ts";
import { sleep } from "./sleep.ts";
import { type Owner, WatchedWorker } from "./watched-worker.ts";

/** The host of requests to the Worker. No rule depends on it. */
const ORIGIN = "https://worker.test";

const OPTIONS = ["env", "workers", "config"];
const ONLY_IN_NODE = ["now", "seed", "chaos"] as const;

/** Real milliseconds between two looks at the queues. */
const INTERVAL = 2;

/** A `settle` with more rounds than this fails as endless. */
const MOST_ROUNDS = 100;

/** Ends the bus that was created before: there is one Worker, with one clock. */
let endBefore = () => {};

/**
 * Creates a bus for a test in Workers: the events with their handlers, on the queues and objects of the Worker under
 * test. Its main module must call `worker(events)`. A bus ends the one before. Handlers that are registered later are
 * not seen.
 *
 * The test begins at the present. Real time passes, and `advance` moves the clock ahead that the code under test reads.
 * Retries wait in the scheduler, not in a queue, so that `advance` reaches them. Messages that were sent before are
 * dropped; `reset()` of `cloudflare:test` also deletes what the objects store.
 *
 * @throws RefusedError for an unknown option; Error for `now`, `seed` and `chaos`, and for another Worker that the
 * configuration does not name
 * @example
 * const bus = createTestEvents(events);
 * await bus.publish("user.joined", { userId: "u1" });
 * await bus.settle();
 */
export function createTestEvents<Listed extends Catalogue>(
	events: Events<Listed>,
	options: TestEventsOptions = {},
): TestEvents<Listed> & {
	/** Waits until the queues are empty, and until attempts and `start` and `stop` of apps have ended. Runs no alarm. */
	drain(): Promise<void>;
} {
	for (const option of ONLY_IN_NODE)
		if (options[option] !== undefined)
			throw onlyInNode(`createTestEvents: ${option}`);
	rejectUnknownKeys("createTestEvents", options, OPTIONS);
	endBefore();
	const workers = otherWorkersOf(options.workers);
	const handlers = new KnownHandlers(events, eventsOf(workers));
	const watched = new WatchedWorker();
	const { recording, failures } = watched;
	const owner = registrationOf(events).assembled;
	let isOver = false;
	const end = () => {
		if (isOver) return;
		isOver = true;
		clock.stop();
		watched.end();
	};
	endBefore = end;
	clock.start();
	try {
		watched.replace(env as object, { ...options.env });
		watched.watchHandlers(events, "");
		if (owner) watched.watchOwner(owner);
		stubWorkers(workers, options.config ?? {}, { events, watched, owner });
	} catch (error) {
		end();
		throw error;
	}
	// The owner caches the list of a Worker's handlers. Another test may have given the Worker others.
	if (options.workers) clock.moveTo(Date.now() + LISTING_TTL);
	let alarms: Alarms | undefined;

	const checkOpen = () => {
		if (isOver)
			throw new Error(
				"tidings/testing/workers: this test's events are disposed; create others with createTestEvents",
			);
	};

	async function whileOpen<Result>(act: () => Result | Promise<Result>) {
		checkOpen();
		return act();
	}

	async function drain(): Promise<void> {
		checkOwner(owner);
		do {
			checkOpen();
			await sleep(INTERVAL);
		} while (!watched.isIdle);
	}

	/**
	 * Returns when the next alarm is due, in epoch milliseconds; null without one.
	 *
	 * @throws Error if alarms are still due after many rounds
	 */
	async function settle(): Promise<number | null> {
		alarms ??= new Alarms(checkOwner(owner).ports.scheduler, [
			events,
			...Object.values(eventsOf(workers)),
		]);
		for (let round = 0; round < MOST_ROUNDS; round++) {
			await drain();
			const { steps } = watched;
			const { hasRun, nextAt } = await alarms.runDue();
			// A batch that ran meanwhile may have set an earlier alarm.
			if (!hasRun && watched.isIdle && watched.steps === steps) return nextAt;
		}
		throw new Error(
			`tidings/testing/workers: alarms are still due after ${MOST_ROUNDS} rounds; does a handler schedule its own event again within milliseconds?`,
		);
	}

	const { publish, publishBatch, cancel, reschedule } = events as Events;
	const bus: TestEvents & { drain(): Promise<void> } = {
		...observationsOf(recording, failures, handlers),
		publish: (...args: unknown[]) =>
			whileOpen(() => publish(...(args as [string]))),
		publishBatch: (items) => whileOpen(() => publishBatch(items)),
		cancel: (id) => whileOpen(() => cancel(id)),
		reschedule: (id, after) => whileOpen(() => reschedule(id, after)),
		request: (act) => whileOpen(act),
		fetch: async (path, init) => {
			const { default: main } = exports as unknown as { default: Fetcher };
			return main.fetch(new Request(new URL(path, ORIGIN), init));
		},
		get now() {
			return new Date();
		},
		drain,
		async settle() {
			await settle();
		},
		async advance(to) {
			const until = instantOf(to, Date.now());
			for (;;) {
				const next = await settle();
				if (next === null || next > until) break;
				clock.moveTo(next);
			}
			clock.moveTo(until);
			await settle();
		},
		crashAt() {
			throw onlyInNode("crashAt");
		},
		run: async (handler, body, runOptions) =>
			callHandler(handlers.get(handler), body, runOptions),
		dispose: end,
		[Symbol.dispose]: end,
	};
	opened(bus);
	return bus as never;
}

/** @throws Error unless the main module has called `worker(events)` */
function checkOwner(owner: Owner | undefined): Owner {
	if (owner) return owner;
	throw new Error(
		"tidings/testing/workers: the main module does not call worker() with these events, so there are no queues to wait for; run calls one handler, and createTestPublisher stands for the owner that a Worker publishes to",
	);
}

function onlyInNode(what: string): Error {
	return new Error(
		`tidings/testing/workers: ${what}: the platform cannot do this; use createTestEvents of tidings/testing, in Node`,
	);
}
