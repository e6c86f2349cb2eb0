/**
 * Fans an app's event out to its subscribers. Matches are paged through the queue: each message sends one delivery for
 * each match of a page, and one message for the pages after it. No step has all matches in memory.
 */

import { settleUntried } from "../../consume/dispatch.ts";
import { firstDelivery } from "../../consume/next-delivery.ts";
import {
	ACK,
	type ConsumePorts,
	type IncomingEvent,
	type Verdict,
} from "../../consume/settle.ts";
import { settleFanOut } from "../../consume/settle-message.ts";
import { SUBSCRIBERS_PER_MESSAGE } from "../../event/limits.ts";
import { loadRecord } from "../../payloads/payloads.ts";
import type { SentBody } from "../app-event-body.ts";
import type { AppPorts } from "../app-ports.ts";
import { remainingSubscribersId, subscriberId } from "../delivery-ids.ts";

/**
 * @param after the id of the last subscription that an earlier page has served
 * @throws UnavailableError; the message must then be redelivered
 */
export async function fanOut(
	event: IncomingEvent,
	after: number,
	ports: ConsumePorts & Pick<AppPorts, "subscriptionsOf">,
): Promise<Verdict> {
	const { name } = event.envelope;
	const record = await loadRecord(event, ports.payloads);
	if (record === undefined) {
		const { reference = "", delivery: carried } = event.envelope;
		const missing = { type: "body_missing", reference } as const;
		const delivery =
			carried ?? firstDelivery(event, remainingSubscribersId(name, after));
		await settleUntried(event, delivery, missing, ports);
		return ACK;
	}
	const { filter } = (JSON.parse(record) as { body: SentBody }).body;
	const page = await ports
		.subscriptionsOf(name)
		.match(filter, after, SUBSCRIBERS_PER_MESSAGE);
	const deliveries = page.map((one) => firstDelivery(event, subscriberId(one)));
	const last = page.at(-1);
	// The message for the next pages comes last: if this dies before it, the whole page is sent again.
	if (last && page.length === SUBSCRIBERS_PER_MESSAGE)
		deliveries.push(
			firstDelivery(event, remainingSubscribersId(name, last.id)),
		);
	const isIgnored = page.length === 0 && after === 0;
	return settleFanOut(event, deliveries, isIgnored, ports);
}
