/** Moves deliveries between attempts: to the retries queue, or to the scheduler. It acknowledges nothing. */
import { recordWith } from "../event/encode.ts";
import type { Delivery, ReceivedEvent } from "../event/envelope.ts";
import type { Failure } from "../event/failure.ts";
import { byteLength } from "../event/json.ts";
import { QUEUE_WAIT } from "../event/limits.ts";
import { versionOf, waitingOf } from "../event/scheduled-row.ts";
import { extendBody } from "../payloads/payloads.ts";
import { log } from "../platform/log.ts";
import { chunks } from "../platform/send-batch.ts";
import type { Ports } from "../ports.ts";
import type { Fate } from "./decide.ts";

type RequeuePorts = Pick<
	Ports,
	"queues" | "scheduler" | "payloads" | "clock" | "observe" | "retryWait"
>;

/** A received event with the time at which its message was sent. */
type SentEvent = ReceivedEvent & { message: Pick<Message, "timestamp"> };

/** Queues count whole seconds. Rounds up, so that no wait is cut short. */
export function toDelaySeconds(wait: number): number {
	return Math.ceil(wait / 1_000);
}

/**
 * Whether the message carries this delivery. A first attempt shares the message of its event, and so do the handlers of
 * a delivery to a whole Worker.
 */
export function hasOwnMessage(
	{ envelope }: ReceivedEvent,
	{ handler }: Delivery,
): boolean {
	return envelope.delivery?.handler === handler;
}

type Retry = Fate & { type: "retry" };

/** Why a delivery waits in the scheduler: the error of its last attempt, or the reason why none can be made. */
type WaitReason = { error: Failure } | { reason: string };

/**
 * Sends a retry to the retries queue; to the scheduler if the wait is long or the queue rejects it. If the scheduler
 * rejects a long wait, the retry goes to the queue. Redelivering the event's message would run other handlers again.
 *
 * @throws UnavailableError if neither stores it
 */
export async function enqueueRetry(
	event: SentEvent,
	next: Delivery,
	retry: Retry,
	ports: RequeuePorts,
): Promise<void> {
	const { wait } = retry;
	await extendBody(event, next, wait, ports);
	const isLong = wait > ports.retryWait;
	if (!isLong && (await tryEnqueue(event, next, wait, ports))) return;
	try {
		await storeDelivery(event, next, wait, retry, ports);
	} catch (error) {
		if (!isLong || wait > QUEUE_WAIT) throw error;
		const { id, name } = event.envelope;
		const { handler, attempt } = next;
		log("retry_store_failed", { event: id, name, handler, attempt, error });
		await enqueue(event, next, wait, ports);
	}
}

async function tryEnqueue(
	event: SentEvent,
	delivery: Delivery,
	wait: number,
	ports: RequeuePorts,
): Promise<boolean> {
	try {
		await enqueue(event, delivery, wait, ports);
		return true;
	} catch (error) {
		const { id, name } = event.envelope;
		const { handler, attempt } = delivery;
		log("retry_enqueue_failed", { event: id, name, handler, attempt, error });
		return false;
	}
}

async function enqueue(
	{ envelope: { lane }, text }: ReceivedEvent,
	delivery: Delivery,
	wait: number,
	{ queues }: RequeuePorts,
): Promise<void> {
	const record = recordWith(text, { delivery });
	await queues.retries(lane).send(record, toDelaySeconds(wait));
}

/** Stores a retry in the scheduler. */
export async function storeRetry(
	event: SentEvent,
	next: Delivery,
	retry: Retry,
	ports: RequeuePorts,
): Promise<void> {
	const { wait } = retry;
	await extendBody(event, next, wait, ports);
	await storeDelivery(event, next, wait, retry, ports);
}

/**
 * Stores a parked delivery in the scheduler. It uses up no attempt.
 *
 * If the scheduler rejects a delivery in a shared message, it goes to the retries queue. Redelivering the shared message
 * would run other handlers again.
 *
 * @throws UnavailableError if neither stores it
 */
export async function storeParked(
	event: SentEvent,
	delivery: Delivery,
	{ wait, reason }: Fate & { type: "park" },
	ports: RequeuePorts,
): Promise<void> {
	const { id, name } = event.envelope;
	const { handler, attempt } = delivery;
	try {
		await storeDelivery(event, delivery, wait, { reason }, ports);
	} catch (error) {
		if (hasOwnMessage(event, delivery)) throw error;
		log("park_failed", { event: id, name, handler, attempt, error });
		await enqueue(event, delivery, wait, ports);
	}
	const at = ports.clock();
	const retryAt = at + wait;
	ports.observe({
		type: "waiting",
		at,
		id,
		event: name,
		handler,
		attempt,
		reason,
		retryAt,
	});
}

const QUEUE_REJECTED = { reason: "queue_unavailable" };

/** Space for a delivery in its record, in bytes. */
const DELIVERY_BYTES = 1_000;

/**
 * Sends first deliveries as messages of their own, in order. The scheduler stores those that the queue rejects. If this
 * runs again, the queue may send some of them twice; the scheduler stores none twice.
 */
export async function enqueueFirstAttempts(
	event: SentEvent,
	deliveries: readonly Delivery[],
	ports: RequeuePorts,
): Promise<void> {
	const { id, name, lane } = event.envelope;
	const bytes = byteLength(event.text) + DELIVERY_BYTES;
	for (const batch of chunks(deliveries, () => bytes)) {
		const records = batch.map((delivery) =>
			recordWith(event.text, { delivery }),
		);
		try {
			await ports.queues.retries(lane).sendBatch(records);
		} catch (error) {
			const handlers = batch.map(({ handler }) => handler);
			log("deliveries_enqueue_failed", { event: id, name, handlers, error });
			for (const delivery of batch)
				await storeDelivery(event, delivery, 0, QUEUE_REJECTED, ports);
		}
	}
}

/**
 * Stores a delivery until `wait` milliseconds from now. Does nothing if the stored one has this version or a higher one,
 * except a claimed row, which its own version replaces.
 *
 * @throws UnavailableError
 */
async function storeDelivery(
	{ envelope, text, message }: SentEvent,
	delivery: Delivery,
	wait: number,
	why: WaitReason,
	{ scheduler, clock }: RequeuePorts,
): Promise<void> {
	const { id, name, reference = null } = envelope;
	const { handler } = delivery;
	const version = versionOf(delivery);
	const record = recordWith(text, { delivery });
	const at = clock();
	// For lists of waiting deliveries.
	const waiting = waitingOf(envelope, delivery, why, at);
	const dueAt = at + wait;
	const sentAt = message.timestamp.getTime();
	await scheduler.store([
		{
			id,
			handler,
			name,
			dueAt,
			version,
			reference,
			record,
			waiting,
			sentAt,
		},
	]);
}
