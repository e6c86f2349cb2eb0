/**
 * Publishes under idempotency keys: reserves the key before the event is stored, and confirms it after. A repeated call
 * gets the first receipt. A call that takes over a crashed one publishes under the same id.
 */
import { type Receipt, RefusedError } from "../event/errors.ts";
import { show } from "../event/validation.ts";
import { log } from "../platform/log.ts";
import type { Ports } from "../ports.ts";
import type { PublishRequest } from "./request.ts";
import type { StampedEvent } from "./stamp.ts";

type OncePorts = Pick<Ports, "keys">;

const KEY_LENGTH = 255;

/** A reserved key. */
export interface ReservedKey {
	/** A digest of the publisher and the key. */
	key: string;
}

/** @throws RefusedError `invalid_request` unless it is a text of 1 to 255 characters */
export function checkKey(key: unknown): string {
	if (typeof key === "string" && key !== "" && key.length <= KEY_LENGTH)
		return key;
	throw new RefusedError(
		"invalid_request",
		`idempotencyKey: ${show(key)} is not a key; give a text of 1 to ${KEY_LENGTH} characters that is unique to this event`,
	);
}

/**
 * Reserves the key of an event. Returns the event under the id that it must have, or the receipt of the first call.
 *
 * @throws RefusedError `idempotency_conflict` if the key was used for another event, `idempotency_pending` while the
 * first call has not ended; `not_configured` without the object `Keys`; UnavailableError
 */
export async function reserve(
	stamped: StampedEvent,
	request: PublishRequest,
	{ keys }: OncePorts,
): Promise<{ stamped: StampedEvent; reserved: ReservedKey } | Receipt> {
	const given = checkKey(request.idempotencyKey);
	const key = await digest([request.by ?? "", given]);
	const { name, after, lane } = request;
	const content = await digest([
		name,
		stamped.body,
		after,
		lane,
		stamped.labels.tags,
	]);
	const { id, time } = stamped.head;
	const reservation = await keys.reserve(key, content, id, time);
	switch (reservation.type) {
		case "published":
			return reservation.receipt;
		case "different":
			throw new RefusedError(
				"idempotency_conflict",
				`idempotencyKey: ${show(given)} was used for another event in the last 24 hours; give a key that is unique to this event`,
			);
		case "in_progress":
			throw new RefusedError(
				"idempotency_pending",
				`idempotencyKey: the first call with ${show(given)} has not ended; try again in some seconds`,
			);
		case "reserved":
			return { stamped: withId(stamped, reservation), reserved: { key } };
	}
}

/** The event of a call that crashed keeps its id, its time and its delay. */
function withId(
	stamped: StampedEvent,
	{ id, time }: { id: string; time: number },
): StampedEvent {
	if (id === stamped.head.id) return stamped;
	const { head, dueAt } = stamped;
	return {
		...stamped,
		head: { ...head, id, time },
		dueAt: dueAt === undefined ? undefined : time + head.delay,
	};
}

/** The event is stored. If this fails, the next call publishes it again in 30 seconds, under the same id. */
export async function confirm(
	{ key }: ReservedKey,
	receipt: Receipt,
	{ keys }: OncePorts,
): Promise<void> {
	await keys
		.confirm(key, receipt)
		.catch((error) => log("key_not_confirmed", { event: receipt.id, error }));
}

/** The event was perhaps not stored: the next call publishes it, under the same id. */
export async function release(
	{ key }: ReservedKey,
	{ keys }: OncePorts,
): Promise<void> {
	await keys.release(key).catch((error) => log("key_not_released", { error }));
}

async function digest(parts: unknown): Promise<string> {
	const bytes = new TextEncoder().encode(JSON.stringify(parts));
	const hash = await crypto.subtle.digest("SHA-256", bytes);
	return [...new Uint8Array(hash)]
		.map((byte) => byte.toString(16).padStart(2, "0"))
		.join("");
}
