/** Ports of an owner that records what is published and stores it in memory. It delivers nothing. */
import type { Envelope } from "../../event/envelope.ts";
import { newId, newIds } from "../../event/id.ts";
import { mayPublish } from "../../event/permission.ts";
import type { MoveResult, ScheduledRow } from "../../event/scheduled-row.ts";
import type {
	NewKey,
	PublishedKey,
	Reservation,
} from "../../keys/keys-object.ts";
import type { RecordQueue } from "../../platform/queues.ts";
import type { Ports } from "../../ports.ts";
import { withDueTime } from "../../schedule/schedule.ts";
import type { Recording } from "../recording.ts";

/** Those that publishing, cancelling and rescheduling need. */
export function recordingPorts(
	recording: Recording,
	lanes: readonly string[],
): Partial<Ports> {
	const read = (record: string) => void recording.readRecord(record);
	const queue: RecordQueue = {
		send: async (record) => read(record),
		sendBatch: async (records) => records.forEach(read),
	};
	return {
		clock: () => Date.now(),
		newId: (time) => newId(time, 1),
		newIds: (count, time) => newIds(count, time, 1),
		activeTrace: () => undefined,
		queues: {
			events: () => queue,
			retries: () => queue,
			deadLetters: queue,
			lanes: () => lanes,
			all: () => [],
		},
		scheduler: schedulerInMemory(read) as Ports["scheduler"],
		payloads: {
			put: async (id, text) => recording.readBody(id, text),
			get: async () => null,
			extend: async () => false,
			delete: async () => false,
		},
		keys: keysInMemory(),
		observe: recording.observe,
	};
}

/** @param read is called with each record that is stored or changed */
function schedulerInMemory(
	read: (record: string) => void,
): Pick<Ports["scheduler"], "store" | "cancel" | "reschedule"> {
	const rows = new Map<string, ScheduledRow>();
	const find = (
		id: string,
		permission: Parameters<typeof mayPublish>[0],
	): MoveResult => {
		const row = rows.get(id);
		if (!row) return "gone";
		if (!mayPublish(permission, row.name)) return "forbidden";
		const { name, dueAt, reference, record } = row;
		const { time, delay } = JSON.parse(record) as Envelope;
		return { id, name, time, delay, dueAt, reference };
	};
	return {
		async store(given) {
			for (const row of given) {
				rows.set(row.id, row);
				read(row.record);
			}
		},
		async cancel(id, permission) {
			const found = find(id, permission);
			if (typeof found === "object") rows.delete(id);
			return found;
		},
		async reschedule(id, dueAt, permission) {
			const found = find(id, permission);
			const row = rows.get(id);
			if (typeof found === "string" || !row) return found;
			const record = withDueTime(row.record, dueAt);
			rows.set(id, { ...row, dueAt, record });
			read(record);
			return find(id, permission);
		},
	};
}

/** Idempotency keys that are never dropped. */
function keysInMemory(): Ports["keys"] {
	const keys = new Map<string, NewKey & Partial<PublishedKey>>();
	const reserve = (asked: NewKey): Reservation => {
		const { key, content, id, time } = asked;
		const known = keys.get(key);
		if (!known) {
			keys.set(key, asked);
			return { type: "reserved", id, time };
		}
		if (known.content !== content) return { type: "different" };
		return known.receipt
			? { type: "published", receipt: known.receipt }
			: { type: "in_progress" };
	};
	return {
		reserve: async (asked) => asked.map(reserve),
		async confirm(published) {
			for (const { key, receipt } of published) {
				const known = keys.get(key);
				if (known) keys.set(key, { ...known, receipt });
			}
		},
		async release(released) {
			for (const key of released) keys.delete(key);
		},
	};
}
