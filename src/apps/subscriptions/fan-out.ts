/**
 * Step 4 for apps: an event to its subscribers. Matches are paged through the queue: each message makes a
 * delivery of each match of a page, and one message for the pages after it. No step holds them all.
 */

import {
	type Carrying,
	enqueueFirstAttempts,
	firstDelivery,
} from "../../consume/requeue.ts";
import { type Burying, buryMissing } from "../../dead-letters/bury.ts";
import type { ReceivedEvent } from "../../event/envelope.ts";
import { MATCHES } from "../../event/limits.ts";
import { loadRecord } from "../../payloads/payloads.ts";
import {
	remainingSubscribersId,
	type SentBody,
	subscriberId,
} from "../app-host.ts";
import type { SubscriptionStore } from "./subscription.ts";

export interface FanningOut extends Carrying, Burying {
	payloads: Carrying["payloads"] & Burying["payloads"];
	subscriptionsOf(eventName: string): SubscriptionStore;
}

/** @param after the subscription with which the pages before this one have ended */
export async function fanOut(
	event: ReceivedEvent,
	after: number,
	ports: FanningOut,
): Promise<void> {
	const { name } = event.envelope;
	const record = await loadRecord(event, ports);
	if (record === undefined)
		return buryMissing(event, remainingSubscribersId(name, after), ports);
	const { filter } = (JSON.parse(record) as { body: SentBody }).body;
	const page = await ports.subscriptionsOf(name).match(filter, after, MATCHES);
	const deliveries = page.map((one) => firstDelivery(event, subscriberId(one)));
	const last = page.at(-1);
	// What dies before this one is sent again with its page, and no page is left out.
	if (last && page.length === MATCHES)
		deliveries.push(
			firstDelivery(event, remainingSubscribersId(name, last.id)),
		);
	await enqueueFirstAttempts(event, deliveries, ports);
	if (page.length === 0 && after === 0) {
		const { id } = event.envelope;
		const at = ports.clock();
		ports.observe({ type: "ignored", at, id, event: name });
	}
}
