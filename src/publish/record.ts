/**
 * Makes the record or the row of a stamped event, and stores a body that is too large for a message. It sends nothing.
 */
import { encodeEvent } from "../event/encode.ts";
import { byteLength } from "../event/json.ts";
import {
	INLINE_BYTES,
	METADATA_BYTES,
	PAYLOAD_RETENTION,
} from "../event/limits.ts";
import type { ScheduledRow } from "../event/scheduled-row.ts";
import type { Ports } from "../ports.ts";
import type { StampedEvent } from "./stamp.ts";

/** The space next to an inline body is for tags, a retry and an error. Attributes of a CloudEvent take some of it. */
export function isLarge(stamped: StampedEvent): boolean {
	const { bytes, labels } = stamped;
	return bytes + (labels.cloudEvent ? labelBytes(stamped) : 0) > INLINE_BYTES;
}

export async function storeBody(
	{ head: { id, time }, body, dueAt = time }: StampedEvent,
	{ payloads }: Pick<Ports, "payloads">,
): Promise<void> {
	await payloads.put(id, body, dueAt + PAYLOAD_RETENTION);
}

export function recordOf(stamped: StampedEvent): string {
	const { head, body, lane, labels } = stamped;
	return encodeEvent(
		head,
		isLarge(stamped) ? { reference: head.id } : { text: body },
		lane === undefined ? labels : { ...labels, lane },
	);
}

export function rowOf(stamped: StampedEvent, dueAt: number): ScheduledRow {
	const { id, name } = stamped.head;
	return {
		id,
		handler: "",
		name,
		dueAt,
		version: 0,
		reference: isLarge(stamped) ? id : null,
		record: recordOf(stamped),
	};
}

/** A message has the body of a small event, and only a reference to a large one. */
export function bytesInMessage(stamped: StampedEvent): number {
	const record = isLarge(stamped) ? REFERENCE_BYTES : stamped.bytes;
	return record + labelBytes(stamped) + METADATA_BYTES;
}

/** Most events have no labels, and counting bytes takes time. */
function labelBytes({ labels }: StampedEvent): number {
	for (const _ in labels) return byteLength(JSON.stringify(labels));
	return 0;
}

/** The most bytes of a record that refers to its body, rounded up: most of them are the event's name. */
const REFERENCE_BYTES = 1_000;
