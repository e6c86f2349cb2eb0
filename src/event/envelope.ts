/**
 * The record that travels a queue, and what a reader makes of it.
 *
 * Version 1. A reader keeps members that it does not know; a record of a newer version it does not touch.
 */
import type { Failure } from "./failure.ts";
import { timeOf } from "./id.ts";

export const VERSION = 1;

/** An event without its body. */
export interface EventHead {
	id: string;
	name: string;
	/** When `publish` was called, in epoch milliseconds. */
	time: number;
	/** Due time minus `time`, in milliseconds; 0 for an event that was not scheduled. */
	delay: number;
}

/** One event's way to one handler, once it travels alone. */
export interface Delivery {
	handler: string;
	/** The attempt that comes next, counted from 1. */
	attempt: number;
	/** When the first attempt began, in epoch milliseconds; absent before it. */
	firstAttemptAt?: number;
	/** When the first attempt failed, in epoch milliseconds, and how. */
	firstFailureAt?: number;
	firstFailure?: Failure;
	/** How long it has waited for a deploy that knows the handler, in milliseconds. */
	unknownFor?: number;
	/** How long it has waited for its Worker to answer, in milliseconds. */
	unreachableFor?: number;
	/** Which replay of its dead letter it is, counted from 1; absent when it is none. */
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
	/** The body no longer parses by the handler's schema. */
	| "schema_violation"
	/** No deploy within an hour had this handler. */
	| "unknown_handler"
	/** Its Worker did not answer for a day. */
	| "unreachable"
	/** No deploy within an hour could read an envelope of this version. */
	| "newer_version"
	/** The message is no envelope. */
	| "unreadable"
	/** The body travelled by reference and is gone. */
	| "payload_missing"
	/** The attempt did not come back: the Worker was killed or crashed, more often than the policy allows. */
	| "crashed"
	/** The platform gave the message up after its retries. */
	| "abandoned";

/** How a delivery ended that became a dead letter. */
export interface FinalFailure {
	handler: string;
	cause: Cause;
	error: Failure;
	attempts: number;
	/** Epoch milliseconds. */
	firstFailureAt: number;
	lastFailureAt: number;
	/** Which replay of the letter ended so; absent when it was none. */
	replay?: number;
}

export interface Envelope extends EventHead {
	v: typeof VERSION;
	/** Absent when the body travels by reference. */
	body?: unknown;
	/** The key under which the Payloads object keeps the body's text. */
	reference?: string;
	/** Absent for the default lane. */
	lane?: string;
	delivery?: Delivery;
	deadLetter?: FinalFailure;
}

/** A record that can be read, with its text as it came: handlers may change what they are given. */
export interface ReceivedEvent {
	envelope: Envelope;
	text: string;
}

/** What a reader makes of a message's body. */
export type Decoded =
	| ({ kind: "envelope" } & ReceivedEvent)
	| { kind: "newer"; version: number; text: string }
	| { kind: "unreadable"; reason: string; text: string };

/** An event without its body, and without where it travels. */
export function headOf({ id, name, time, delay }: EventHead): EventHead {
	return { id, name, time, delay };
}

/** The lane of a record that this Worker wrote, or of one that it cannot read. */
export function laneOf(record: string): string | undefined {
	// Most records have none, and are not parsed for it.
	if (!record.includes('"lane":')) return undefined;
	try {
		const { lane } = JSON.parse(record);
		return typeof lane === "string" ? lane : undefined;
	} catch {
		return undefined;
	}
}

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
		giveTime(record);
		const fault = faultOf(record as Record<string, unknown>);
		return fault === undefined
			? { kind: "envelope", envelope: record as Envelope, text }
			: { kind: "unreadable", reason: fault, text };
	} catch {
		return { kind: "unreadable", reason: "it is not JSON", text };
	}
}

/** The event of a record that has its body and was read before. */
export function eventIn(record: string): EventHead & { body: unknown } {
	const event = JSON.parse(record);
	giveTime(event);
	return event;
}

/** An event that was not scheduled has the time that its id tells. */
function giveTime(record: Partial<EventHead>): void {
	if (record.time !== undefined || record.delay !== undefined) return;
	const time = timeOf(record.id);
	if (time === undefined) return;
	record.time = time;
	record.delay = 0;
}

function faultOf(record: Record<string, unknown>): string | undefined {
	const { v, id, name, time, delay, delivery, letter } = record;
	if (v !== VERSION) return `its version ${JSON.stringify(v)} is unknown`;
	if (typeof id !== "string" || id === "") return "it has no id";
	if (typeof name !== "string") return "it has no name";
	if (!Number.isFinite(time) || !Number.isFinite(delay))
		return "its time or delay is not a number";
	if (!("body" in record) && typeof record.reference !== "string")
		return "it has neither a body nor a reference to one";
	if (delivery !== undefined && !isDelivery(delivery))
		return "its delivery is not one";
	if (letter !== undefined && !isEnding(letter)) return "its letter is not one";
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

function isEnding(value: unknown): value is FinalFailure {
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
