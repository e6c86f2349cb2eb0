/** Messages as a consumer receives them. Each records its verdicts. */

import { encodeEvent } from "../../src/event/encode.ts";
import { type Delivery, decode } from "../../src/event/envelope.ts";
import { newId } from "../../src/event/id.ts";

export interface TestMessage extends Message {
	/** All verdicts, in order. There must be exactly one. */
	verdicts: ("ack" | { retry: number | undefined })[];
}

let count = 0;

export function incoming(
	body: unknown,
	{
		attempts = 1,
		sentAt = Date.now(),
	}: { attempts?: number; sentAt?: number } = {},
): TestMessage {
	const verdicts: TestMessage["verdicts"] = [];
	return {
		id: `m${++count}`,
		timestamp: new Date(sentAt),
		attempts,
		body,
		verdicts,
		ack: () => void verdicts.push("ack"),
		retry: (options) => void verdicts.push({ retry: options?.delaySeconds }),
	};
}

/** The record of an event, or of one delivery. */
export function record(
	name: string,
	body: unknown = { n: 1 },
	delivery?: Delivery,
	time = Date.now(),
): string {
	const head = { id: newId(time, 4), name, time, delay: 0 };
	const text = JSON.stringify(body);
	return encodeEvent(head, { text }, delivery ? { delivery } : {});
}

/** The envelope of a record. */
export function read(text: string) {
	const decoded = decode(text);
	if (decoded.kind !== "envelope") throw new Error(`not readable: ${text}`);
	return decoded.envelope;
}
