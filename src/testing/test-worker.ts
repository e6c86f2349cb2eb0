/**
 * The Worker of a test on the simulated platform: the queues, objects and bindings of its events, and other Workers.
 */
import type { Config } from "../config/config.ts";
import { apps } from "../entrypoints/apps.ts";
import type { Transition } from "../event/transition.ts";
import type { Events } from "../events.ts";
import * as objects from "../objects.ts";
import { objectContext, setObjectContext } from "../platform/object-context.ts";
import type { NamedQueue } from "../platform/queue-names.ts";
import { queuesOf } from "../platform/queue-variable.ts";
import { REGISTRATION, registrationOf } from "../registration.ts";
import { publisher, subscriber, worker } from "../worker.ts";
import { observedHandlers } from "./observed-handlers.ts";
import type { AnyEvents, OtherWorker } from "./other-workers.ts";
import type { PlannedCrashes } from "./planned-crashes.ts";
import type { PlannedFailures } from "./planned-failures.ts";
import { Isolate } from "./platform/isolate.ts";
import { Platform } from "./platform/platform.ts";
import type { Deploy, Note, SimulatedWorker } from "./platform/worker.ts";
import type { RealWork } from "./real-work.ts";
import type { Recording } from "./recording.ts";
import type { TestFate } from "./test-fate.ts";

interface WorkerOptions {
	env: Readonly<Record<string, unknown>>;
	config: Config;
	workers: Readonly<Record<string, OtherWorker>>;
	/** Epoch milliseconds. */
	start: number;
	fate: TestFate;
	failures: PlannedFailures;
	crashes: PlannedCrashes;
	recording: Recording;
	realWork: RealWork;
	listen(note: Note): void;
}

const QUEUES = {
	events: "events",
	retries: "retries",
	deadLetters: "dead-letters",
};

/** As the templates configure them, with `retryDelay` in seconds. */
const SETTINGS = {
	events: { batchSize: 100, retryDelay: 60, concurrency: 3 },
	retries: { batchSize: 1, retryDelay: 120, concurrency: 10 },
	deadLetters: { batchSize: 25, retryDelay: 3_600, concurrency: 2 },
};

/** In milliseconds. */
const RETENTION = 14 * 86_400_000;

/** The binding of the owner's entrypoint, which other Workers have as `EVENTS`. */
const PUBLISHER = "TIDINGS_TEST_PUBLISHER";

/** The context of each invocation. Tidings uses the functions of `cloudflare:workers` instead. */
const context = { waitUntil() {}, passThroughOnException() {}, props: {} };

/** @returns the platform, and a function that puts the ports of this Worker in place, because they are process-wide */
export function startWorker(events: AnyEvents, options: WorkerOptions) {
	const { env, config, workers, start, fate, recording, listen } = options;
	const TIDINGS_QUEUES = env.TIDINGS_QUEUES ?? QUEUES;
	const queues = queuesOf(TIDINGS_QUEUES);
	let deploy: Deploy;
	let owner: object;
	const others = Object.entries(workers).map(([key, other]) => ({
		key,
		...other,
		binding:
			config.subscribers?.[key]?.binding ??
			`TIDINGS_TEST_WORKER_${key.toUpperCase()}`,
		env: { ...other.env } as Record<string, unknown>,
		entrypoint: {} as object,
	}));
	const platform = new Platform(
		{
			deployed: () => deploy,
			objects: Object.fromEntries(
				Object.entries(objects).map(([name, Class]) => [
					name,
					() => Class as never,
				]),
			),
			vars: { ...env, TIDINGS_QUEUES },
			services: {
				[PUBLISHER]: { name: "publisher", deployed: () => owner },
				...Object.fromEntries(
					others.map((other) => [
						other.binding,
						{
							name: other.key,
							env: other.env,
							deployed: () => other.entrypoint,
						},
					]),
				),
			},
			queues: settingsOf(queues),
			skewed: 0,
			duplicateDelay: 0,
			// The lines of Tidings are in the timeline.
			prints: ([first]) => !`${first}`.startsWith('{"tidings":'),
			subjectsOf: (value) => subjectsOf(value, recording),
		},
		fate,
		start,
		listen,
	);

	for (const other of others) {
		other.env.EVENTS ??= platform.env[PUBLISHER];
		const observed = observedEvents(other.events, `${other.key}/`, options);
		const Subscriber = new Isolate(platform, "deploy", other.env).run(() =>
			subscriber(observed, { key: other.key }),
		);
		other.entrypoint = new Subscriber(context as never, {} as never);
	}

	const observed = observedEvents(events, "", options);
	new Isolate(platform, "deploy").run(() => {
		const subscribers = Object.fromEntries(
			others.map(({ key, binding }) => [
				key,
				{ ...config.subscribers?.[key], binding: binding as never },
			]),
		);
		const own = worker(observed, {
			apps: apps(),
			config: {
				journal: false,
				...config,
				subscribers: { ...config.subscribers, ...subscribers },
			},
		});
		const Publisher = publisher(observed);
		owner = new Publisher(context as never, {} as never);
		deploy = {
			queue: async (batch) =>
				own.queue(batch as never, {} as never, context as never),
			scheduled: async () =>
				own.scheduled({} as never, {} as never, context as never),
			fetch: async (request) =>
				own.fetch(request as never, {} as never, context as never) as never,
		};
	});
	const ports = registrationOf(observed).assembled;
	const inObjects = objectContext();
	return {
		platform,
		/** Answers a request from outside, as the Worker without a `fetch` of its own does. */
		fetch: (request: Request) => deploy.fetch?.(request) as Promise<Response>,
		activate(): void {
			if (ports) registrationOf(events).assembled = ports;
			setObjectContext(inObjects);
		},
	};
}

/**
 * Records the events that a message is about, or the call of an object. Returns their ids.
 *
 * @param value the text of a message, or `[object, …arguments]`
 */
function subjectsOf(value: unknown, recording: Recording): string[] {
	if (typeof value === "string") return recording.readRecord(value);
	const [object, first] = value as [unknown, unknown];
	if (typeof object !== "string") return [];
	const [className, name = ""] = object.split("/", 2);
	if (className === "Payloads") {
		// The name of the object is the id of the event.
		if (typeof first === "string") recording.readBody(name, first);
		return [name];
	}
	if (className !== "Scheduler" || !Array.isArray(first)) return [];
	return first.flatMap(({ record }) => recording.readRecord(record));
}

/** The settings of each queue, by its name. */
function settingsOf(queues: readonly NamedQueue[]): SimulatedWorker["queues"] {
	const deadLetters = queues.find(({ role }) => role === "deadLetters");
	const deadLetterQueue = deadLetters?.name as string;
	return Object.fromEntries(
		queues.map(({ name, role, binding }) => [
			name,
			{
				...SETTINGS[role],
				binding,
				maxRetries: 100,
				retention: RETENTION,
				...(role !== "deadLetters" && { deadLetterQueue }),
			},
		]),
	);
}

/** The events with handlers that a test sees. The user's own stay as they are. */
function observedEvents(
	events: AnyEvents,
	prefix: string,
	options: WorkerOptions,
): Events {
	const registration = registrationOf(events);
	return {
		...events,
		[REGISTRATION]: {
			...registration,
			handlers: observedHandlers(registration.handlers, prefix, options),
			observe(transition: Transition) {
				options.recording.observe(transition);
				registration.observe(transition);
			},
		},
	};
}
