/** Writes the record that travels a queue, as JSON text, and counts an event's bytes. How it is read is in `envelope.ts`. */
import { roughBytes } from "../platform/send-batch.ts";
import {
	type Delivery,
	type Envelope,
	type EventHead,
	type FinalFailure,
	VERSION,
} from "./envelope.ts";
import { BODY, byteLength, type Recorded, recordText } from "./json.ts";

/** Where an event's body is: its JSON text, or the key under which that text is kept. */
export type Body = { text: string } | { reference: string };

/**
 * The record of an event whose id was made here, at its time. What is not scheduled says neither time nor delay: each
 * byte is paid for on its whole way.
 *
 * @throws RefusedError `invalid_body`
 */
export function recordOf(
	{ id, name, time, delay }: EventHead,
	lane: string | undefined,
	body: unknown,
): Recorded {
	return recordText(
		delay === 0
			? { v: VERSION, id, name, lane, body }
			: { v: VERSION, id, name, time, delay, lane, body },
	);
}

/** Its body's text. */
export function bodyIn({ record, bodyAt }: Recorded): string {
	return record.slice(bodyAt, -1);
}

/** The same record with a reference in place of its body. */
export function referring(
	{ record, bodyAt }: Recorded,
	reference: string,
): string {
	const opening = record.slice(0, bodyAt - BODY.length);
	return `${opening},"reference":${JSON.stringify(reference)}}`;
}

/** An event's record, spliced from its body's text, which is JSON already. */
export function encodeEvent(
	head: EventHead,
	body: Body,
	rest: Pick<Envelope, "lane" | "delivery" | "deadLetter"> = {},
): string {
	const { id, name, time, delay, ...others } = head;
	const opening = { v: VERSION, id, name, time, delay, ...others, ...rest };
	const record = JSON.stringify({ ...opening, body: null });
	const bodyAt = record.length - "null}".length;
	return "text" in body
		? `${record.slice(0, bodyAt)}${body.text}}`
		: referring({ record, bodyAt }, body.reference);
}

/** The record again, as one delivery of its event or as a letter; whatever else it has stays. */
export function turnedInto(
	text: string,
	{
		delivery,
		deadLetter,
	}: { delivery?: Delivery; deadLetter?: FinalFailure },
): string {
	return JSON.stringify({ ...JSON.parse(text), delivery, deadLetter });
}

/** An event's size: the UTF-8 bytes of `JSON.stringify({ id, name, body, time, delay })`. */
export function eventBytes(head: EventHead, body: string): number {
	return lengthOf(escaped(head)) + byteLength(body);
}

/** The same of an event whose record was made here; of a small one the most that it may be. */
export function sizeOf(head: EventHead, { record, bodyAt }: Recorded): number {
	const besides = lengthOf(head) - bodyAt - "}".length;
	return roughBytes(record, bodyAt, besides);
}

/** What is counted besides the body, of a head of which JSON escapes nothing. */
function lengthOf({ id, name, time, delay }: EventHead): number {
	return FRAME + id.length + name.length + `${time}`.length + `${delay}`.length;
}

const FRAME = '{"id":"","name":"","body":,"time":,"delay":}'.length;

/** Head whose id and name may have come from anywhere. */
function escaped({ id, name, time, delay }: EventHead): EventHead {
	const asJson = (text: string) => JSON.stringify(text).slice(1, -1);
	return { id: asJson(id), name: asJson(name), time, delay };
}
