/** Ports whose queues, scheduler and stores record what they are given, for testing one step without the platform. */

import type { AppPorts } from "../../src/apps/app-ports.ts";
import { appExtension } from "../../src/apps/extension/app-extension.ts";
import type { NewDeadLetter } from "../../src/event/dead-letter.ts";
import type { ScheduledRow } from "../../src/event/scheduled-row.ts";
import type { Transition } from "../../src/event/transition.ts";
import type { Events } from "../../src/events.ts";
import type { HandlerRegistry } from "../../src/handlers/registry.ts";
import { handlerWorkers } from "../../src/handlers/workers.ts";
import type { RecordQueue } from "../../src/platform/queues.ts";
import { appsOf, portsOf, registrationOf } from "../../src/registration.ts";

export interface Recorded {
	events: string[];
	retries: { record: string; delaySeconds: number }[];
	/** Records of the dead-letter queue. */
	deadLetters: string[];
	/** Rows of the scheduler. */
	rows: ScheduledRow[];
	/** Dead letters in their store. */
	stored: NewDeadLetter[];
	payloads: Map<string, { text: string; until: number }>;
	transitions: Transition[];
}

type Mutable<Type> = { -readonly [Key in keyof Type]: Type[Key] };

/** Ports that a test may change. */
export interface TestPorts extends Mutable<AppPorts> {
	recorded: Recorded;
	/** The queues behind `queues`, for all lanes. */
	eventsQueue: RecordQueue;
	retriesQueue: RecordQueue;
	deadLettersQueue: RecordQueue;
}

/** Ports that behave otherwise. `handlers` are those of the Worker under test by default. */
export type Changes = Partial<AppPorts> & { handlers?: HandlerRegistry };

/** @param events of the Worker under test, which must have called `worker(events)` */
export function recordingPortsOf(
	events: Events,
	{ handlers = registrationOf(events).handlers, ...changes }: Changes = {},
): TestPorts {
	const recorded: Recorded = {
		events: [],
		retries: [],
		deadLetters: [],
		rows: [],
		stored: [],
		payloads: new Map(),
		transitions: [],
	};
	const apps = appsOf(events);
	// Without apps, nothing reads what only they need.
	const owner = apps.ports ?? (portsOf(events) as AppPorts);
	const ports: TestPorts = {
		...owner,
		recorded,
		eventsQueue: recordingQueue((record) => recorded.events.push(record)),
		retriesQueue: recordingQueue((record, delaySeconds) =>
			recorded.retries.push({ record, delaySeconds }),
		),
		deadLettersQueue: recordingQueue((record) =>
			recorded.deadLetters.push(record),
		),
		queues: {
			...owner.queues,
			events: () => ports.eventsQueue,
			retries: () => ports.retriesQueue,
			get deadLetters() {
				return ports.deadLettersQueue;
			},
		},
		scheduler: {
			...owner.scheduler,
			store: async (rows) => void recorded.rows.push(...rows),
		},
		deadLetters: {
			...owner.deadLetters,
			store: async (deadLetters) => void recorded.stored.push(...deadLetters),
		},
		payloads: {
			put: async (key, text, until) =>
				void recorded.payloads.set(key, { text, until }),
			get: async (key) => recorded.payloads.get(key)?.text ?? null,
			extend: async (key, until) => {
				const payload = recorded.payloads.get(key);
				if (payload) payload.until = until;
				return payload !== undefined;
			},
			delete: async (key) => recorded.payloads.delete(key),
		},
		observe: (transition) => void recorded.transitions.push(transition),
		extension: apps.ports ? appExtension(() => ports) : apps,
		...changes,
	};
	const routing = { overrides: [], defaults: {} };
	ports.workers =
		changes.workers ??
		handlerWorkers(handlers, new Map(), routing, {
			clock: () => ports.clock(),
			timer: ports.timer,
		});
	return ports;
}

function recordingQueue(
	take: (record: string, delaySeconds: number) => void,
): RecordQueue {
	return {
		send: async (record, delaySeconds = 0) => take(record, delaySeconds),
		sendBatch: async (records) => {
			for (const record of records) take(record, 0);
		},
	};
}

/** A port that rejects, as a queue or an object during an outage. */
export async function down(): Promise<never> {
	throw new Error("Queue is overloaded");
}
