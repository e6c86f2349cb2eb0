/** Messages as a consumer gets them, that tell which verdict each was given. */

import type { IncomingMessage } from "../../src/consume/settle.ts";
import { encodeEvent } from "../../src/event/encode.ts";
import { type Delivery, decode } from "../../src/event/envelope.ts";
import { newId } from "../../src/event/id.ts";

export interface JudgedMessage extends IncomingMessage {
	/** Every verdict, in order: there must be one. */
	verdicts: ("ack" | { retry: number | undefined })[];
}

let count = 0;

export function incoming(
	body: unknown,
	{
		attempts = 1,
		sentAt = Date.now(),
	}: { attempts?: number; sentAt?: number } = {},
): JudgedMessage {
	const verdicts: JudgedMessage["verdicts"] = [];
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

/** The record of an event, with a delivery of it where one is given. */
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

/** What a record says, when it can be read. */
export function read(text: string) {
	const decoded = decode(text);
	if (decoded.kind !== "envelope") throw new Error(`not readable: ${text}`);
	return decoded.envelope;
}
