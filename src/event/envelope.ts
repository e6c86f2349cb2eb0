/**
 * Decodes the record that travels a queue. `encode.ts` encodes it.
 *
 * This is version 1. A reader preserves members that it does not know, and must not change a record of a newer version.
 */
import type { CloudEventAttributes } from "./cloud-events/attributes.ts";
import type { Failure } from "./failure.ts";
import { timeOf } from "./id.ts";

export const VERSION = 1;

/** An event without its body. */
export interface EventHead {
	id: string;
	name: string;
	/** When `publish` was called, in epoch milliseconds. */
	time: number;
	/** Due time minus `time`, in milliseconds; 0 for an event that is not scheduled. */
	delay: number;
}

/** The event as a handler receives it. */
export interface TidingsEvent<Body = unknown, Name extends string = string>
	extends EventHead {
	name: Name;
	body: Body;
}

/** The delivery of one event to one handler, in a message of its own. */
export interface Delivery {
	handler: string;
	/** The next attempt, counted from 1. */
	attempt: number;
	/** Start of the first attempt, in epoch milliseconds; absent before it. */
	firstAttemptAt?: number;
	/** Time of the first failure, in epoch milliseconds. */
	firstFailureAt?: number;
	firstFailure?: Failure;
	/** Time spent waiting for a deploy that has the handler, in milliseconds. */
	unknownFor?: number;
	/** Time spent waiting for its Worker to respond, in milliseconds. */
	unreachableFor?: number;
	/** Number of the dead letter's replay, counted from 1; absent if this is not a replay. */
	replay?: number;
}

/** Why a delivery ended without success. */
export type Cause =
	/** The last retry that the policy allows has failed. */
	| "exhausted"
	/** The next retry would begin after the policy's `maxAge`. */
	| "expired"
	/** The handler threw a `NonRetryableError`. */
	| "non_retryable"
	/** The body does not match the handler's schema any more. */
	| "schema_violation"
	/** No deploy had this handler for an hour. */
	| "unknown_handler"
	/** Its Worker did not respond for a day. */
	| "unreachable"
	/** No deploy could read an envelope of this version for an hour. */
	| "newer_version"
	/** The message is not an envelope. */
	| "unreadable"
	/** The body was stored apart and has expired. */
	| "payload_missing"
	/** The Worker was killed or crashed during an attempt, more often than the policy allows. */
	| "crashed"
	/** The platform stopped redelivering the message after `max_retries`. */
	| "abandoned";

/** The end of a delivery that became a dead letter. */
export interface FinalFailure {
	handler: string;
	cause: Cause;
	error: Failure;
	attempts: number;
	/** Epoch milliseconds. */
	firstFailureAt: number;
	lastFailureAt: number;
	/** Number of the replay that failed; absent if it was not a replay. */
	replay?: number;
}

/** The end of a replay, on its way to the dead letter. */
export interface Resolution {
	handler: string;
	/** Number of the replay, counted from 1. */
	replay: number;
	/** A person cancelled the replay, and the dead letter is dead again. Otherwise the dead letter is resolved. */
	isCancelled?: true;
}

export interface Envelope extends EventHead {
	v: typeof VERSION;
	/** Absent if the body is stored apart. */
	body?: unknown;
	/** The key under which the Payloads object stores the body's text. */
	reference?: string;
	/** Absent for the default lane. */
	lane?: string;
	/** Who published: the id of an API key, or the name of an app; absent for the Worker that owns the events. */
	by?: string;
	/** Facts to search for, such as `{ customer: "c42" }`. */
	tags?: Readonly<Record<string, string>>;
	/** The W3C trace context of the publisher. */
	trace?: string;
	/** The attributes of the CloudEvent that the event was published as. */
	cloudEvent?: CloudEventAttributes;
	delivery?: Delivery;
	deadLetter?: FinalFailure;
	/** The replay of a dead letter was delivered or cancelled. */
	resolved?: Resolution;
}

/** A decoded record with its text, because a handler may change the objects that it receives. */
export interface ReceivedEvent {
	envelope: Envelope;
	text: string;
}

/** A message that this deploy cannot read: a newer deploy wrote it, or it has no envelope. */
export type Unreadable =
	| { kind: "newer"; version: number; text: string }
	| { kind: "unreadable"; reason: string; text: string };

/** The result of decoding a message. */
type Decoded = ({ kind: "envelope" } & ReceivedEvent) | Unreadable;

/** Returns the head of an event, without any other member. */
export function headOf({ id, name, time, delay }: EventHead): EventHead {
	return { id, name, time, delay };
}

/** Whether the decoded record still has its body. */
export function hasBody(
	envelope: Envelope,
): envelope is Envelope & TidingsEvent {
	return "body" in envelope;
}

/** Returns the lane of a record, also of one that this version cannot decode. */
export function laneOf(record: string): string | undefined {
	// Most records have no lane, and parsing them would be slow.
	if (!record.includes('"lane":')) return undefined;
	try {
		const { lane } = JSON.parse(record);
		return typeof lane === "string" ? lane : undefined;
	} catch {
		return undefined;
	}
}

/** Decodes the body of a message. It never throws. */
export function decode(raw: unknown): Decoded {
	let text = "";
	try {
		text = typeof raw === "string" ? raw : (JSON.stringify(raw) ?? String(raw));
		const record: unknown = JSON.parse(text);
		if (typeof record !== "object" || record === null || Array.isArray(record))
			return { kind: "unreadable", reason: "it is not a JSON object", text };
		const version = (record as { v?: unknown }).v;
		if (typeof version === "number" && version > VERSION)
			return { kind: "newer", version, text };
		restoreTime(record);
		const fault = faultOf(record as Record<string, unknown>);
		return fault === undefined
			? { kind: "envelope", envelope: record as Envelope, text }
			: { kind: "unreadable", reason: fault, text };
	} catch {
		return { kind: "unreadable", reason: "it is not JSON", text };
	}
}

/** Returns the event of a record that was decoded before and has its body. */
export function eventIn(record: string): EventHead & { body: unknown } {
	const event = JSON.parse(record);
	restoreTime(event);
	return event;
}

/** Restores the members that `encodeEvent` leaves out. */
function restoreTime(record: Partial<EventHead>): void {
	if (record.time !== undefined || record.delay !== undefined) return;
	const time = timeOf(record.id);
	if (time === undefined) return;
	record.time = time;
	record.delay = 0;
}

function faultOf(record: Record<string, unknown>): string | undefined {
	const { v, id, name, time, delay, delivery, deadLetter, resolved } = record;
	if (v !== VERSION) return `its version ${JSON.stringify(v)} is unknown`;
	if (typeof id !== "string" || id === "") return "it has no id";
	if (typeof name !== "string") return "it has no name";
	if (!Number.isFinite(time) || !Number.isFinite(delay))
		return "its time or delay is not a number";
	if (!("body" in record) && typeof record.reference !== "string")
		return "it has neither a body nor a reference to one";
	if (delivery !== undefined && !isDelivery(delivery))
		return "its delivery is invalid";
	if (deadLetter !== undefined && !isFinalFailure(deadLetter))
		return "its dead letter is invalid";
	if (resolved !== undefined && !isResolution(resolved))
		return "its resolution is invalid";
	return undefined;
}

function isDelivery(value: unknown): value is Delivery {
	const { handler, attempt } = (value ?? {}) as Partial<Delivery>;
	return (
		typeof handler === "string" &&
		Number.isInteger(attempt) &&
		Number(attempt) >= 1
	);
}

function isResolution(value: unknown): value is Resolution {
	const { handler, replay } = (value ?? {}) as Partial<Resolution>;
	return typeof handler === "string" && Number.isInteger(replay);
}

function isFinalFailure(value: unknown): value is FinalFailure {
	const { handler, cause, error, attempts, firstFailureAt, lastFailureAt } =
		(value ?? {}) as Partial<FinalFailure>;
	return (
		typeof handler === "string" &&
		typeof cause === "string" &&
		typeof error?.message === "string" &&
		Number.isInteger(attempts) &&
		Number.isFinite(firstFailureAt) &&
		Number.isFinite(lastFailureAt)
	);
}
