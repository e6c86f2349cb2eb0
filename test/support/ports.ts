/** The owner's ports with queues and scheduler that keep what they are given, for looking at one step alone. */

import type { NewDeadLetter } from "../../src/event/dead-letter.ts";
import type { ScheduledRow } from "../../src/event/scheduled-row.ts";
import type { Transition } from "../../src/event/transition.ts";
import { consumersOf } from "../../src/handlers/workers.ts";
import { type Owner, ownerOf } from "../../src/owner.ts";
import { events } from "./worker.ts";

export interface Kept {
	events: string[];
	retries: { record: string; delaySeconds: number }[];
	deadLetters: string[];
	held: ScheduledRow[];
	letters: NewDeadLetter[];
	payloads: Map<string, { text: string; until: number }>;
	transitions: Transition[];
}

/** @param changes ports that behave otherwise, a queue that fails among them */
export function keeping(changes: Partial<Owner> = {}): Owner & { kept: Kept } {
	const kept: Kept = {
		events: [],
		retries: [],
		deadLetters: [],
		held: [],
		letters: [],
		payloads: new Map(),
		transitions: [],
	};
	const owner = ownerOf(events as never);
	const ports: Owner & { kept: Kept } = {
		...owner,
		kept,
		events: {
			...owner.events,
			send: async (record: string) => void kept.events.push(record),
			sendBatch: async (records: readonly string[]) =>
				void kept.events.push(...records),
		},
		retries: {
			...owner.retries,
			send: async (record: string, delaySeconds?: number) =>
				void kept.retries.push({ record, delaySeconds: delaySeconds ?? 0 }),
			sendBatch: async (records) =>
				void kept.retries.push(
					...records.map((record) => ({ record, delaySeconds: 0 })),
				),
		},
		deadLetters: {
			...owner.deadLetters,
			send: async (record) => void kept.deadLetters.push(record),
		},
		scheduler: {
			...owner.scheduler,
			store: async (rows) => void kept.held.push(...rows),
		},
		letters: {
			...owner.letters,
			store: async (letters) => void kept.letters.push(...letters),
		},
		payloads: {
			put: async (key, text, until) =>
				void kept.payloads.set(key, { text, until }),
			get: async (key) => kept.payloads.get(key)?.text ?? null,
			keep: async (key, until) => {
				const payload = kept.payloads.get(key);
				if (payload) payload.until = until;
			},
		},
		observe: (transition) => void kept.transitions.push(transition),
		...changes,
	};
	const routing = { overrides: [], defaults: {} };
	ports.consumers = changes.consumers ?? consumersOf({}, routing, ports);
	return ports;
}

/** A port that rejects, as a queue or an object that is down. */
export async function down(): Promise<never> {
	throw new Error("Queue is overloaded");
}
