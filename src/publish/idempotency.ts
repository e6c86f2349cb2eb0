/**
 * Publishes under idempotency keys: reserves the key before the event is stored, and confirms it after. A repeated call
 * gets the first receipt. A call that takes over a crashed one publishes under the same id.
 */
import { atIndex, type Receipt, RefusedError } from "../event/errors.ts";
import { show } from "../event/validation.ts";
import { log } from "../platform/log.ts";
import type { Ports } from "../ports.ts";
import type { PublishRequest } from "./request.ts";
import type { StampedEvent } from "./stamp.ts";

type OncePorts = Pick<Ports, "keys">;

const KEY_LENGTH = 255;

/** @throws RefusedError `invalid_request` unless it is a text of 1 to 255 characters */
function checkKey(key: unknown): string {
	if (typeof key === "string" && key !== "" && key.length <= KEY_LENGTH)
		return key;
	throw new RefusedError(
		"invalid_request",
		`idempotencyKey: ${show(key)} is not a key; give a text of 1 to ${KEY_LENGTH} characters that is unique to this event`,
	);
}

/** An event that is published under a key. */
export interface KeyedEvent {
	stamped: StampedEvent;
	request: PublishRequest;
	/** In its batch. */
	index?: number;
}

/** An event whose key is reserved, under the id that it must have; or the receipt of the first call with its key. */
type Reserved = ReservedKey | { receipt: Receipt };

interface ReservedKey {
	stamped: StampedEvent;
	key: string;
}

/** Returns whether a repeated call gets the first receipt. */
export function hasKey({ idempotencyKey, cloudEvent }: PublishRequest) {
	return idempotencyKey !== undefined || cloudEvent !== undefined;
}

/**
 * Reserves the keys of events. If one of them is refused, the others are released.
 *
 * @throws RefusedError `idempotency_conflict` if a key was used for another event, `idempotency_pending` while the
 * first call has not ended, `invalid_request` for two events with one key; `not_configured` without the object `Keys`;
 * UnavailableError
 */
export async function reserve(
	events: readonly KeyedEvent[],
	ports: OncePorts,
): Promise<Reserved[]> {
	const asked = await Promise.all(
		events.map((event) => withIndex(event, () => newKeyOf(event))),
	);
	for (const [n, event] of events.entries())
		await withIndex(event, () => checkUnique(asked, n, events));
	const reservations = await ports.keys.reserve(asked);
	const ends = await Promise.allSettled(
		events.map((event, n) =>
			withIndex(event, (): Reserved => {
				const reservation = reservations[n] as AnyReservation;
				if (reservation.type === "published") return reservation;
				const { key } = asked[n] as NewKey;
				return { stamped: reservedEvent(event, reservation), key };
			}),
		),
	);
	const reserved = ends.flatMap((end) => ("value" in end ? end.value : []));
	const refusal = ends.find((end) => end.status === "rejected");
	if (!refusal) return reserved;
	await release(
		reserved.filter((one) => "key" in one),
		ports,
	);
	throw refusal.reason;
}

type NewKey = Parameters<Ports["keys"]["reserve"]>[0][number];
type AnyReservation = Awaited<ReturnType<Ports["keys"]["reserve"]>>[number];

async function withIndex<Result>(
	{ index }: KeyedEvent,
	act: () => Result | Promise<Result>,
): Promise<Result> {
	try {
		return await act();
	} catch (error) {
		throw index === undefined ? error : atIndex(error, index);
	}
}

async function newKeyOf({ stamped, request }: KeyedEvent): Promise<NewKey> {
	const { name, after, lane, by = "", cloudEvent } = request;
	const given = cloudEvent
		? [cloudEvent.source, cloudEvent.id]
		: checkKey(request.idempotencyKey);
	const { id, time } = stamped.head;
	const content = [name, stamped.body, after, lane, stamped.labels.tags];
	return {
		key: await digest([by, given]),
		content: await digest(content),
		id,
		time,
	};
}

/** The second event would wait for the first one, which waits for the batch. */
function checkUnique(
	asked: readonly NewKey[],
	n: number,
	events: readonly KeyedEvent[],
): void {
	const first = asked.findIndex(({ key }) => key === asked[n]?.key);
	if (first === n) return;
	const { request } = events[n] as KeyedEvent;
	throw new RefusedError(
		"invalid_request",
		`${named(request)} is that of event ${events[first]?.index} of this batch; give one that is unique to this event`,
	);
}

/** @throws RefusedError unless the key is reserved for this event */
function reservedEvent(
	{ stamped, request }: KeyedEvent,
	reservation: Exclude<AnyReservation, { type: "published" }>,
): StampedEvent {
	switch (reservation.type) {
		case "reserved":
			return withId(stamped, reservation);
		case "failed":
			throw reservation.error;
		case "different":
			throw new RefusedError(
				"idempotency_conflict",
				`${named(request)} was used for another event in the last 24 hours; give one that is unique to this event`,
			);
		case "in_progress":
			throw new RefusedError(
				"idempotency_pending",
				`${named(request)}: the first call with it has not ended; try again in some seconds`,
			);
	}
}

function named({ idempotencyKey, cloudEvent }: PublishRequest): string {
	if (!cloudEvent) return `idempotencyKey: ${show(idempotencyKey)}`;
	return `CloudEvent: its source with its id, ${show([cloudEvent.source, cloudEvent.id])},`;
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

/** The events are stored. If this fails, the next calls publish them again in 30 seconds, under the same ids. */
export async function confirm(
	published: Parameters<Ports["keys"]["confirm"]>[0],
	{ keys }: OncePorts,
): Promise<void> {
	if (published.length === 0) return;
	const event = published[0]?.receipt.id;
	const count = published.length;
	await keys
		.confirm(published)
		.catch((error) => log("key_not_confirmed", { event, count, error }));
}

/** The events were perhaps not stored: the next calls publish them, under the same ids. */
export async function release(
	reserved: readonly ReservedKey[],
	{ keys }: OncePorts,
): Promise<void> {
	if (reserved.length === 0) return;
	const event = reserved[0]?.stamped.head.id;
	const count = reserved.length;
	await keys
		.release(reserved.map(({ key }) => key))
		.catch((error) => log("key_not_released", { event, count, error }));
}

async function digest(parts: unknown): Promise<string> {
	const bytes = new TextEncoder().encode(JSON.stringify(parts));
	const hash = await crypto.subtle.digest("SHA-256", bytes);
	return [...new Uint8Array(hash)]
		.map((byte) => byte.toString(16).padStart(2, "0"))
		.join("");
}
