/**
 * Carries out the fate of a delivery, with the functions of `requeue.ts` and `dead-letters/`. Everything is stored
 * durably before a message is acknowledged. `settle-message.ts` acts for messages that carry no delivery to one handler.
 * No other file of the consumer acts.
 */
import { bury } from "../dead-letters/bury.ts";
import { resolve } from "../dead-letters/resolve.ts";
import type { Delivery, ReceivedEvent } from "../event/envelope.ts";
import { MESSAGE_RETRIES, QUEUE_WAIT } from "../event/limits.ts";
import { extendBody } from "../payloads/payloads.ts";
import { log } from "../platform/log.ts";
import type { Ports } from "../ports.ts";
import type { Fate } from "./decide.ts";
import { finalFailure, nextAttempt, parkedDelivery } from "./next-delivery.ts";
import {
	enqueueRetry,
	hasOwnMessage,
	storeParked,
	storeRetry,
	toDelaySeconds,
} from "./requeue.ts";

/** A received event, which is a decoded record, with the message that carries it. */
export interface IncomingEvent extends ReceivedEvent {
	/** `attempts` counts its deliveries from 1; `timestamp` is when it was sent. */
	message: Pick<Message, "attempts" | "timestamp">;
}

/** The dependencies of the consumer. */
export type ConsumePorts = Pick<
	Ports,
	| "queues"
	| "scheduler"
	| "payloads"
	| "deadLetters"
	| "journal"
	| "workers"
	| "extension"
	| "clock"
	| "random"
	| "observe"
	| "retryWait"
>;

/** The answer to a message. Each message gets exactly one. */
export type Verdict = { type: "ack" } | { type: "retry"; delaySeconds: number };

/** The verdict on a message once everything that follows from it is stored. */
export const ACK: Verdict = { type: "ack" };

/**
 * Carries out the fate of a delivery.
 *
 * @param startedAt when this attempt started, in epoch milliseconds
 * @throws UnavailableError if the fate could not be stored; the message must then be redelivered
 */
export async function settle(
	event: IncomingEvent,
	delivery: Delivery,
	fate: Fate,
	startedAt: number,
	ports: ConsumePorts,
): Promise<Verdict> {
	const { id, name } = event.envelope;
	const { handler, attempt } = delivery;
	const { type } = fate;
	const at = ports.clock();
	switch (type) {
		case "delivered":
			await resolve(event, delivery, ports);
			ports.observe({
				type,
				at,
				id,
				event: name,
				handler,
				attempt,
				startedAt,
			});
			return ACK;
		case "cancelled":
			await resolve(event, delivery, ports);
			ports.observe({ type, at, id, event: name, handler });
			return ACK;
		case "dead":
			await bury(
				event,
				finalFailure(delivery, fate, at),
				ports,
				fate.wasAttempted ? startedAt : undefined,
			);
			return ACK;
		case "park":
			await storeParked(event, parkedDelivery(delivery, fate), fate, ports);
			return ACK;
		case "retry": {
			const next = nextAttempt(delivery, fate, startedAt, at);
			let verdict = ACK;
			if (hasOwnMessage(event, delivery))
				verdict = await retryMessage(event, next, fate, ports);
			else await enqueueRetry(event, next, fate, ports);
			const wait =
				verdict.type === "retry" ? verdict.delaySeconds * 1_000 : fate.wait;
			ports.observe({
				type: "retrying",
				at,
				id,
				event: name,
				handler,
				attempt,
				startedAt,
				error: fate.error,
				retryAt: at + wait,
			});
			return verdict;
		}
	}
}

/**
 * Retries the message if the wait is at most `retryWait`, while its queue retains it long enough (`QUEUE_WAIT`) and has
 * retries left (`MESSAGE_RETRIES`). Otherwise the delivery moves to the scheduler.
 */
async function retryMessage(
	event: IncomingEvent,
	next: Delivery,
	retry: Fate & { type: "retry" },
	ports: ConsumePorts,
): Promise<Verdict> {
	const { wait } = retry;
	const { attempts, timestamp } = event.message;
	const age = ports.clock() - timestamp.getTime();
	const mayStay = age + wait <= QUEUE_WAIT && attempts < MESSAGE_RETRIES;
	if (wait <= ports.retryWait && mayStay) {
		await extendBody(event, next, wait, ports);
		return { type: "retry", delaySeconds: toDelaySeconds(wait) };
	}
	try {
		await storeRetry(event, next, retry, ports);
		return ACK;
	} catch (error) {
		const { id, name } = event.envelope;
		const { handler, attempt } = next;
		log("retry_store_failed", { event: id, name, handler, attempt, error });
		// The message may not wait longer in its queue, so this attempt can begin early.
		const inQueue = Math.max(Math.min(wait, QUEUE_WAIT - age), MINUTE);
		return { type: "retry", delaySeconds: toDelaySeconds(inQueue) };
	}
}

const MINUTE = 60_000;
