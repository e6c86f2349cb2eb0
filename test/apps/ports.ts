/** The owner's ports with queues and a scheduler that keep what they are given, for looking at one step alone. */
import type { ScheduledRow } from "../../src/event/scheduled-row.ts";
import type { Transition } from "../../src/event/transition.ts";
import { portsOf } from "../../src/registration.ts";
import { events } from "./worker.ts";

export interface Kept {
	events: string[];
	/** One list for each batch. */
	retries: string[][];
	deadLetters: string[];
	held: ScheduledRow[];
	transitions: Transition[];
}

/** @param changes ports that behave otherwise, an object that is down among them */
export function recordingPorts(changes: Partial<Owner> = {}): TestPorts {
	const kept: Kept = {
		events: [],
		retries: [],
		deadLetters: [],
		held: [],
		transitions: [],
	};
	const owner = portsOf(events);
	return {
		...owner,
		kept,
		events: {
			...owner.events,
			send: async (record) => void kept.events.push(record),
		},
		retries: {
			...owner.retries,
			send: async (record) => void recorded.retries.push([record]),
			sendBatch: async (records) => void recorded.retries.push([...records]),
		},
		deadLetters: {
			...owner.deadLetters,
			send: async (record) => void kept.deadLetters.push(record),
		},
		scheduler: {
			...owner.scheduler,
			store: async (rows) => void recorded.rows.push(...rows),
		},
		observe: (transition) => void recorded.transitions.push(transition),
		...changes,
	};
}

/** A port that rejects, as a queue or an object that is down. */
export async function down(): Promise<never> {
	throw new Error("it is down");
}
