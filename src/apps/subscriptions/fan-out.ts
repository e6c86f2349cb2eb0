/**
 * Step 4 for apps: an event to its subscribers. Matches are paged through the queue: each message makes a
 * delivery of each match of a page, and one message for the pages after it. No step holds them all.
 */

import { type Carrying, firstOf, sendFirst } from "../../consume/requeue.ts";
import { type Burying, buryMissing } from "../../dead-letters/bury.ts";
import type { Readable } from "../../event/envelope.ts";
import { MATCHES } from "../../event/limits.ts";
import { wholeRecord } from "../../payloads/payloads.ts";
import { idOfRest, type SentBody, subscriberId } from "../app-host.ts";
import type { SubscriptionKeeper } from "./subscription.ts";

export interface FanningOut extends Carrying, Burying {
	payloads: Carrying["payloads"] & Burying["payloads"];
	subscriptionsOf(eventName: string): SubscriptionKeeper;
}

/** @param after the subscription with which the pages before this one have ended */
export async function fanOut(
	event: Readable,
	after: number,
	ports: FanningOut,
): Promise<void> {
	const { name } = event.envelope;
	const record = await wholeRecord(event, ports);
	if (record === undefined)
		return buryMissing(event, idOfRest(name, after), ports);
	const { filter } = (JSON.parse(record) as { body: SentBody }).body;
	const page = await ports.subscriptionsOf(name).match(filter, after, MATCHES);
	const deliveries = page.map((one) => firstOf(event, subscriberId(one)));
	const last = page.at(-1);
	// What dies before this one is sent again with its page, and no page is left out.
	if (last && page.length === MATCHES)
		deliveries.push(firstOf(event, idOfRest(name, last.id)));
	await sendFirst(event, deliveries, ports);
	if (page.length === 0 && after === 0) {
		const { id } = event.envelope;
		const at = ports.clock();
		ports.observe({ type: "ignored", at, id, event: name });
	}
}
