/**
 * Carries out what becomes of a message that carries no delivery to one handler: a whole event, a message of the
 * dead-letter queue, one that this deploy cannot read, and a batch of an unknown queue. Everything is stored durably
 * before a message is acknowledged. It decides nothing.
 */
import { buryUnreadable, reportDead } from "../dead-letters/bury.ts";
import { resolve } from "../dead-letters/resolve.ts";
import { storeDeadLetters } from "../dead-letters/store.ts";
import { deadLetterId } from "../event/dead-letter.ts";
import type { Delivery, FinalFailure, Resolution } from "../event/envelope.ts";
import type { Route } from "../handlers/route.ts";
import { log } from "../platform/log.ts";
import type { QueueRole } from "../platform/queue-names.ts";
import type { UnreadableFate } from "./decide.ts";
import { firstDelivery } from "./next-delivery.ts";
import { enqueueFirstAttempts, toDelaySeconds } from "./requeue.ts";
import {
	ACK,
	type ConsumePorts,
	type IncomingEvent,
	type Verdict,
} from "./settle.ts";
import { hasEvents, reportUnclaimed, UNCLAIMED_DELAY } from "./unclaimed.ts";

/** Answers a message with its verdict. */
export function answer(message: Message, verdict: Verdict): void {
	switch (verdict.type) {
		case "ack":
			message.ack();
			break;
		case "retry":
			message.retry({ delaySeconds: verdict.delaySeconds });
	}
}

/** Retries a message whose fate could not be stored. The waits double from 5 seconds to an hour: 100 span four days. */
export function retryLater(
	message: Message,
	event: string | undefined,
	queue: QueueRole,
	error: unknown,
): Verdict {
	const { attempts } = message;
	const delaySeconds = Math.min(5 * 2 ** (attempts - 1), 3_600);
	const ids = { event, message: message.id, queue, attempts };
	log("message_failed", { ...ids, delaySeconds, error });
	return { type: "retry", delaySeconds };
}

/**
 * Retries a batch of a queue that `TIDINGS_QUEUES` does not name, and reports the queue. Never rejects.
 *
 * The answer comes first: if this dies while it reports, the redelivered batch reports the queue again.
 *
 * @param named the queues that `TIDINGS_QUEUES` names
 */
export async function settleUnclaimed(
	batch: Pick<MessageBatch, "queue" | "messages" | "retryAll">,
	named: readonly string[],
	ports: Pick<ConsumePorts, "payloads" | "clock">,
): Promise<void> {
	const hint = hasEvents(batch)
		? "it carries events of Tidings; name it in TIDINGS_QUEUES"
		: "name it in TIDINGS_QUEUES, or give worker() a queue handler";
	log("queue_unclaimed", { queue: batch.queue, named, hint });
	batch.retryAll({ delaySeconds: UNCLAIMED_DELAY });
	await reportUnclaimed(batch.queue, ports);
}

/**
 * Carries out the fate of a message that this deploy cannot read.
 *
 * @throws UnavailableError if the dead letter could not be stored
 */
export async function settleUnreadable(
	text: string,
	fate: UnreadableFate,
	message: Message,
	ports: ConsumePorts,
): Promise<Verdict> {
	if (fate.type === "wait")
		return { type: "retry", delaySeconds: toDelaySeconds(fate.wait) };
	await buryUnreadable(text, fate, message, ports);
	return ACK;
}

/** Gives each handler a message of its own, at attempt 1, so that a poison event harms no other handler. */
export async function split(
	event: IncomingEvent,
	routes: readonly Route[],
	ports: ConsumePorts,
): Promise<void> {
	const handlers = routes.map((route) => route.id);
	const deliveries = handlers.map((handler) => firstDelivery(event, handler));
	// Before the sends: the attempts that follow must not seem to be earlier.
	const at = ports.clock();
	await enqueueFirstAttempts(event, deliveries, ports);
	const { id, name } = event.envelope;
	ports.observe({ type: "split", at, id, event: name, handlers });
}

/**
 * Ends the message of an event whose deliveries are all stored or made. Reports the event if it has none.
 *
 * @param carried the delivery that the message carries, to all handlers of a Worker or to all subscribers
 * @throws UnavailableError if the end of a replay could not be stored
 */
export async function settleDispatched(
	event: IncomingEvent,
	carried: Delivery | undefined,
	isIgnored: boolean,
	ports: ConsumePorts,
): Promise<Verdict> {
	// The handlers have deliveries of their own now, so a replay to all of them has ended.
	if (carried) await resolve(event, carried, ports);
	if (isIgnored) {
		const { id, name } = event.envelope;
		ports.observe({
			type: "ignored",
			at: ports.clock(),
			id,
			event: name,
			...(carried && { handler: carried.handler }),
		});
	}
	return ACK;
}

/**
 * Gives each subscriber a message of its own, in order, and ends the message of the event.
 *
 * @throws UnavailableError if a delivery could not be stored; the redelivered message sends all of them again
 */
export async function settleFanOut(
	event: IncomingEvent,
	deliveries: readonly Delivery[],
	isIgnored: boolean,
	ports: ConsumePorts,
): Promise<Verdict> {
	await enqueueFirstAttempts(event, deliveries, ports);
	return settleDispatched(event, event.envelope.delivery, isIgnored, ports);
}

/**
 * Stores the dead letters of a message, and reports them.
 *
 * @throws UnavailableError if the store is down
 */
export async function settleDead(
	event: IncomingEvent,
	failures: readonly FinalFailure[],
	ports: ConsumePorts,
): Promise<Verdict> {
	await storeDeadLetters(event, failures, event.message.attempts, ports);
	// A carried dead letter was reported when it was buried.
	if (!event.envelope.deadLetter)
		for (const failure of failures) reportDead(event.envelope, failure, ports);
	return ACK;
}

/**
 * Ends a replay in its dead letter: it was delivered, or cancelled.
 *
 * @throws UnavailableError if the store is down
 */
export async function settleReplay(
	event: IncomingEvent,
	{ handler, replay, isCancelled }: Resolution,
	{ deadLetters }: Pick<ConsumePorts, "deadLetters">,
): Promise<Verdict> {
	const id = deadLetterId(event.envelope.id, handler);
	if (isCancelled) await deadLetters.release(id, replay);
	else await deadLetters.resolve(id, replay);
	return ACK;
}
