/**
 * Carries out the fate of a delivery. It is the only place that acknowledges, retries, requeues, parks or buries.
 * Everything is stored durably before a message is acknowledged.
 */
import { bury, buryUnreadable } from "../dead-letters/bury.ts";
import type {
	Decoded,
	Delivery,
	FinalFailure,
	ReceivedEvent,
} from "../event/envelope.ts";
import { CHAIN_TRIES, QUEUE_WAIT } from "../event/limits.ts";
import { extendBody } from "../payloads/payloads.ts";
import { log } from "../platform/log.ts";
import type { Ports } from "../ports.ts";
import type { Fate } from "./decide.ts";
import {
	enqueueRetry,
	type NextAttempt,
	park,
	reportRetry,
	storeRetry,
	toDelaySeconds,
} from "./requeue.ts";

/** The part of Cloudflare's `Message` that Tidings uses. */
export interface IncomingMessage {
	readonly id: string;
	/** When it was sent. */
	readonly timestamp: Date;
	readonly body: unknown;
	/** How often it was delivered, counted from 1. */
	readonly attempts: number;
	ack(): void;
	retry(options?: { delaySeconds?: number }): void;
}

/** How often a message was delivered, and when it was sent. */
export type DeliveredMessage = Pick<IncomingMessage, "attempts" | "timestamp">;

/** The answer to a message. Each message gets exactly one. */
export type Verdict = { type: "ack" } | { type: "retry"; delaySeconds: number };

export const ACK: Verdict = { type: "ack" };

export function answer(message: IncomingMessage, verdict: Verdict): void {
	switch (verdict.type) {
		case "ack":
			message.ack();
			break;
		case "retry":
			message.retry({ delaySeconds: verdict.delaySeconds });
	}
}

/** The dependencies of the consumer. */
export type ConsumePorts = Pick<
	Ports,
	| ("queues" | "scheduler" | "payloads" | "deadLetters")
	| ("workers" | "extension" | "clock" | "random" | "observe")
>;

/**
 * @param startedAt when this attempt started, in epoch milliseconds
 * @throws whatever prevents the fate from being stored; the message must then be redelivered
 */
export async function settle(
	event: ReceivedEvent,
	delivery: Delivery,
	fate: Fate,
	startedAt: number,
	message: DeliveredMessage,
	ports: ConsumePorts,
): Promise<Verdict> {
	const { id, name } = event.envelope;
	const { handler, attempt } = delivery;
	const at = ports.clock();
	switch (fate.type) {
		case "delivered":
			ports.observe({
				type: "delivered",
				at,
				id,
				event: name,
				handler,
				attempt,
			});
			return ACK;
		case "cancelled":
			ports.observe({ type: "cancelled", at, id, event: name, handler });
			return ACK;
		case "dead":
			await bury(event, finalFailure(delivery, fate, at), ports);
			return ACK;
		case "park":
			await park(event, parked(delivery, fate), fate, ports);
			return ACK;
		case "retry": {
			const next = nextAttempt(delivery, fate, startedAt, at);
			if (hasOwnMessage(event, delivery))
				return retryMessage(event, next, message, ports);
			await enqueueRetry(event, next, ports);
			return ACK;
		}
	}
}

/** Carries out the fate of a message that this deploy cannot read. */
export async function settleUnreadable(
	raw: Exclude<Decoded, { kind: "envelope" }>,
	fate: Fate,
	message: IncomingMessage,
	ports: ConsumePorts,
): Promise<Verdict> {
	if (fate.type === "park")
		return { type: "retry", delaySeconds: toDelaySeconds(fate.wait) };
	if (fate.type !== "dead")
		throw new TypeError(`an unreadable message cannot be ${fate.type}`);
	await buryUnreadable(raw.text, fate, message, ports);
	return ACK;
}

/** The final failure of a delivery, as its dead letter stores it. */
export function finalFailure(
	{ handler, firstFailureAt, replay }: Delivery,
	{ cause, error, attempts }: Fate & { type: "dead" },
	at: number,
): FinalFailure {
	return {
		handler,
		cause,
		error,
		attempts,
		firstFailureAt: firstFailureAt ?? at,
		lastFailureAt: at,
		...(replay !== undefined && { replay }),
	};
}

/** A first attempt shares the message of its event. Every later one has a message of its own. */
function hasOwnMessage(
	{ envelope }: ReceivedEvent,
	delivery: Delivery,
): boolean {
	return envelope.delivery?.handler === delivery.handler;
}

function nextAttempt(
	delivery: Delivery,
	{ wait, error }: Fate & { type: "retry" },
	startedAt: number,
	failedAt: number,
): NextAttempt {
	const { unknownFor: _, unreachableFor: __, ...rest } = delivery;
	return {
		error,
		// A queue delays by whole seconds.
		wait: toDelaySeconds(wait) * 1_000,
		delivery: {
			firstAttemptAt: startedAt,
			firstFailureAt: failedAt,
			firstFailure: error,
			...rest,
			attempt: delivery.attempt + 1,
		},
	};
}

/** The total waits count, not when they began: this Worker may have been away itself. */
function parked(
	delivery: Delivery,
	{ reason, wait }: Fate & { type: "park" },
): Delivery {
	const { unknownFor = 0, unreachableFor = 0 } = delivery;
	switch (reason) {
		case "unknown_handler": {
			// The Worker responded, so a wait for it starts anew.
			const { unreachableFor: _, ...rest } = delivery;
			return { ...rest, unknownFor: unknownFor + wait };
		}
		case "worker_unreachable":
			return { ...delivery, unreachableFor: unreachableFor + wait };
		default:
			return delivery;
	}
}

/** Retries the message while the queue retains it long enough and has tries left, else moves to the scheduler. */
async function retryMessage(
	event: ReceivedEvent,
	next: NextAttempt,
	message: DeliveredMessage,
	ports: ConsumePorts,
): Promise<Verdict> {
	const age = ports.clock() - message.timestamp.getTime();
	if (age + next.wait <= QUEUE_WAIT && message.attempts < CHAIN_TRIES) {
		await extendBody(event, next.wait, ports);
		reportRetry(event, next, ports);
		return { type: "retry", delaySeconds: toDelaySeconds(next.wait) };
	}
	try {
		await storeRetry(event, next, ports);
		return ACK;
	} catch (error) {
		const { id, name } = event.envelope;
		const { handler, attempt } = next.delivery;
		log("retry_store_failed", { event: id, name, handler, attempt, error });
		const wait = Math.max(Math.min(next.wait, QUEUE_WAIT - age), MINUTE);
		return { type: "retry", delaySeconds: toDelaySeconds(wait) };
	}
}

const MINUTE = 60_000;
