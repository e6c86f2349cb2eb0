/**
 * Step 3: a batch in, one verdict a message. It never throws: a throw would bring back the whole batch.
 * What a message is follows from its queue, and from its envelope where the two differ.
 */

import { recipientsOf } from "../apps/app-host.ts";
import { parseAppEventName } from "../apps/app-name.ts";
import { deliverToSubscriber } from "../apps/subscriptions/deliver-to-subscriber.ts";
import { type FanningOut, fanOut } from "../apps/subscriptions/fan-out.ts";
import { buryRaw } from "../dead-letters/bury.ts";
import { storeLetters } from "../dead-letters/store.ts";
import {
	type Awaitable,
	all,
	andThen,
	recovering,
} from "../event/awaitable.ts";
import { type Decoded, decode, type ReceivedEvent } from "../event/envelope.ts";
import { BATCH_TIME, PARSED_CHARACTERS } from "../event/limits.ts";
import { isAllHandlersId } from "../handlers/route.ts";
import type { QueueRole } from "../platform/queue-names.ts";
import { Batch } from "./concurrency.ts";
import { waitForDeploy } from "./decide.ts";
import {
	ACK,
	acked,
	type Delivering,
	redeliver,
	type Verdict,
} from "./deliver.ts";
import { dispatch, dispatchTo } from "./dispatch.ts";
import { toDelaySeconds } from "./requeue.ts";

/** What is read of Cloudflare's `Message`. */
export interface IncomingMessage {
	readonly id: string;
	readonly timestamp: Date;
	readonly body: unknown;
	/** How often it was delivered, counted from 1. */
	readonly attempts: number;
	ack(): void;
	retry(options?: { delaySeconds?: number }): void;
}

type Judging = Delivering & FanningOut;

/** A message of a newer version that is more than an hour old is read so often, so many milliseconds apart. */
const NEWER_READS = 7;
const NEWER_WAIT = 600_000;

/** Takes a batch. Never rejects; each message is acked or retried exactly once. */
export async function consume(
	messages: readonly IncomingMessage[],
	from: QueueRole,
	ports: Judging,
): Promise<void> {
	const batch = new Batch(ports.consumers, ports.clock() + BATCH_TIME);
	await all(
		messages.map((message) => {
			const verdict = recovering(
				() => judge(message, from, batch, ports),
				(error) => {
					console.error("tidings: a message comes again", error);
					return retryLater(message);
				},
			);
			return andThen(verdict, (verdict) => follow(verdict, message));
		}),
	);
}

function follow(verdict: Verdict, message: IncomingMessage): void {
	switch (verdict.type) {
		case "ack":
			message.ack();
			break;
		case "retry":
			message.retry({ delaySeconds: verdict.delaySeconds });
	}
}

/** Throws or rejects with what keeps the message from an end. */
function judge(
	message: IncomingMessage,
	from: QueueRole,
	batch: Batch,
	ports: Judging,
): Awaitable<Verdict> {
	const decoded = decode(message.body);
	if (decoded.kind !== "envelope") return refuse(decoded, message, from, ports);
	const event = withoutLargeBody(decoded);
	const { delivery, name, letter } = event.envelope;
	if (from === "deadLetters" || letter)
		return batch.turns.take(event, () =>
			acked(storeLetters(event, message, ports)),
		);
	if (parseAppEventName(name))
		return toSubscribers(event, message, batch, ports);
	if (!delivery) return dispatch(event, message, batch, ports);
	const consumer = batch.consumerOf(delivery.handler);
	return isAllHandlersId(delivery.handler, consumer.key)
		? acked(dispatchTo(consumer, event, delivery, message, batch, ports))
		: consumer.turns.take(event, () =>
				redeliver(event, delivery, message, consumer, ports),
			);
}

/** A larger body waits as text for its turn: a hundred that are parsed can be more than an isolate has. */
function withoutLargeBody(event: ReceivedEvent): ReceivedEvent {
	const { envelope, text } = event;
	if (text.length <= PARSED_CHARACTERS) return event;
	const { body: _, ...rest } = envelope;
	return { envelope: rest, text };
}

/** An event that an app has sent. */
async function toSubscribers(
	event: ReceivedEvent,
	message: IncomingMessage,
	batch: Batch,
	ports: Judging,
): Promise<Verdict> {
	const { delivery } = event.envelope;
	const toAll = (after: number) =>
		batch.turns.take(event, () => acked(fanOut(event, after, ports)));
	if (!delivery) return toAll(0);
	const to = recipientsOf(delivery.handler);
	return "after" in to
		? toAll(to.after)
		: deliverToSubscriber(
				event,
				delivery,
				to.subscription,
				message,
				batch,
				ports,
			);
}

/** What cannot be read is a dead letter; what a newer deploy wrote waits an hour for one. */
async function refuse(
	decoded: Exclude<Decoded, { kind: "envelope" }>,
	message: IncomingMessage,
	from: QueueRole,
	ports: Delivering,
): Promise<Verdict> {
	if (decoded.kind === "newer" && from !== "deadLetters") {
		const waited = ports.clock() - message.timestamp.getTime();
		// An old message may be new to this deploy: it is read some times all the same.
		const wait =
			waitForDeploy(waited) ??
			(message.attempts < NEWER_READS ? NEWER_WAIT : undefined);
		if (wait !== undefined)
			return { type: "retry", delaySeconds: toDelaySeconds(wait) };
	}
	await buryRaw(decoded, message, ports);
	return ACK;
}

/** Seconds: 5, doubling, at most an hour; a queue's 100 retries then span four days. */
function retryLater({ attempts }: IncomingMessage): Verdict {
	const delaySeconds = Math.min(5 * 2 ** (attempts - 1), 3_600);
	return { type: "retry", delaySeconds };
}
