/** Encodes the record that travels a queue as JSON text, and counts an event's bytes. `envelope.ts` decodes it. */
import {
	type Delivery,
	type Envelope,
	type EventHead,
	type FinalFailure,
	VERSION,
} from "./envelope.ts";
import { timeOf } from "./id.ts";
import { byteLength } from "./json.ts";

/**
 * Encodes an event as a record. The body is JSON text already, so it is embedded without being encoded again.
 *
 * A record has no `time` and `delay` if the event is not scheduled and its id contains its time. That saves 31 bytes
 * wherever a record is stored or sent.
 *
 * @param body its JSON text, or the key under which the Payloads object stores that text
 */
export function encodeEvent(
	{ id, name, time, delay, ...others }: EventHead,
	body: { text: string } | { reference: string },
	rest: Pick<
		Envelope,
		| "lane"
		| "tags"
		| "trace"
		| "by"
		| "cloudEvent"
		| "delivery"
		| "deadLetter"
		| "resolved"
	> = {},
): string {
	const when = delay === 0 && timeOf(id) === time ? {} : { time, delay };
	const head = { v: VERSION, id, name, ...when, ...others, ...rest };
	const member =
		"text" in body
			? `"body":${body.text}`
			: `"reference":${JSON.stringify(body.reference)}`;
	return `${JSON.stringify(head).slice(0, -1)},${member}}`;
}

/** Returns a record with another delivery and dead letter, or without them. All other members stay. */
export function recordWith(
	text: string,
	{ delivery, deadLetter }: { delivery?: Delivery; deadLetter?: FinalFailure },
): string {
	return JSON.stringify({ ...JSON.parse(text), delivery, deadLetter });
}

/**
 * Counts the bytes of an event: the UTF-8 of `JSON.stringify({ id, name, body, time, delay })`.
 *
 * @param body JSON text
 */
export function eventBytes(
	{ id, name, time, delay }: EventHead,
	body: string,
): number {
	const head = JSON.stringify({ id, name, time, delay });
	return byteLength(head) + ',"body":'.length + byteLength(body);
}
