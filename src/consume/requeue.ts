/** Between attempts: a delivery travels on as a message of its own, or waits in the scheduler. */

import { turnedInto } from "../event/encode.ts";
import type { Delivery, ReceivedEvent } from "../event/envelope.ts";
import type { Failure } from "../event/failure.ts";
import { byteLength } from "../event/json.ts";
import { QUEUE_WAIT } from "../event/limits.ts";
import { type ScheduledRowStore, versionOf } from "../event/scheduled-row.ts";
import type { Observe } from "../event/transition.ts";
import { extendBody } from "../payloads/payloads.ts";
import { type Lanes, retriesQueue } from "../platform/lane.ts";
import { chunks } from "../platform/send-batch.ts";

/** A delivery whose attempt failed: what the next one carries, and when it begins. */
export interface NextAttempt {
	delivery: Delivery;
	/** Milliseconds from now. */
	wait: number;
	/** How the attempt failed that is over. */
	error: Failure;
}

export interface Carrying {
	retries: {
		send(record: string, delaySeconds?: number): Promise<void>;
		sendBatch(records: readonly string[]): Promise<void>;
	};
	lanes: Lanes;
	scheduler: ScheduledRowStore;
	payloads: { keep(key: string, until: number): Promise<void> };
	clock(): number;
	observe: Observe;
}

/** A queue counts whole seconds; a wait is never cut short. */
export function toDelaySeconds(wait: number): number {
	return Math.ceil(wait / 1_000);
}

/** Sends a delivery on to the retries queue; to the scheduler when the wait is long or the queue does not take it. */
export async function enqueueRetry(
	event: ReceivedEvent,
	next: NextAttempt,
	ports: Carrying,
): Promise<void> {
	await extendBody(event, next.wait, ports);
	if (next.wait > QUEUE_WAIT || !(await queued(event, next, ports)))
		await holdDelivery(event, next.delivery, next.wait, ports);
	reportRetry(event, next, ports);
}

async function queued(
	{ text, envelope: { lane } }: ReceivedEvent,
	{ delivery, wait }: NextAttempt,
	ports: Carrying,
): Promise<boolean> {
	try {
		const record = turnedInto(text, { delivery });
		await retriesQueue(lane, ports).send(record, toDelaySeconds(wait));
		return true;
	} catch (error) {
		console.error("tidings: the retries queue took no delivery", error);
		return false;
	}
}

/** Gives a delivery to the scheduler. A row of the same delivery that is further on stays as it is. */
export async function hold(
	event: ReceivedEvent,
	next: NextAttempt,
	ports: Carrying,
): Promise<void> {
	await extendBody(event, next.wait, ports);
	await holdDelivery(event, next.delivery, next.wait, ports);
	reportRetry(event, next, ports);
}

/**
 * Waits in the scheduler without using up an attempt, because nobody here can run the delivery now. Where that
 * takes nothing and the delivery has no message of its own to come again, it waits as one: were its event to
 * come again instead, the other handlers would run twice.
 */
export async function park(
	event: ReceivedEvent,
	delivery: Delivery,
	wait: number,
	reason: string,
	ports: Carrying,
): Promise<void> {
	const { id, name, lane, delivery: carried } = event.envelope;
	const { handler, attempt } = delivery;
	await holdDelivery(event, delivery, wait, ports).catch(async (error) => {
		if (carried?.handler === handler) throw error;
		console.error("tidings: the scheduler took no delivery", error);
		const record = turnedInto(event.text, { delivery });
		await retriesQueue(lane, ports).send(record, toDelaySeconds(wait));
	});
	const at = ports.clock();
	ports.observe({
		type: "waiting",
		at,
		id,
		event: name,
		handler,
		attempt,
		reason,
		retryAt: at + wait,
	});
}

/** A handler's first attempt; that of a replay, where its message is one for several handlers. */
export function firstDelivery(
	{ envelope }: ReceivedEvent,
	handler: string,
): Delivery {
	const replay = envelope.delivery?.replay;
	const first = { handler, attempt: 1 };
	return replay === undefined ? first : { ...first, replay };
}

/** Room for a delivery in its record, in bytes. */
const DELIVERY_BYTES = 1_000;

/**
 * Sends first deliveries in order. What the queue does not take the scheduler does, whose upsert keeps a second
 * sending from multiplying it.
 */
export async function enqueueFirstAttempts(
	event: ReceivedEvent,
	deliveries: readonly Delivery[],
	ports: Carrying,
): Promise<void> {
	const bytes = byteLength(event.text) + DELIVERY_BYTES;
	for (const batch of chunks(deliveries, () => bytes)) {
		const records = batch.map((delivery) =>
			turnedInto(event.text, { delivery }),
		);
		try {
			await retriesQueue(event.envelope.lane, ports).sendBatch(records);
		} catch (error) {
			console.error("tidings: the retries queue took no deliveries", error);
			for (const delivery of batch)
				await holdDelivery(event, delivery, 0, ports);
		}
	}
}

/** Gives a delivery to the scheduler, due after a wait in milliseconds, and tells nobody. */
export async function holdDelivery(
	{ envelope, text }: ReceivedEvent,
	delivery: Delivery,
	wait: number,
	{ scheduler, clock }: Pick<Carrying, "scheduler" | "clock">,
): Promise<void> {
	const { id, name, reference = null } = envelope;
	const { handler } = delivery;
	const version = versionOf(delivery);
	const record = turnedInto(text, { delivery });
	const dueAt = clock() + wait;
	await scheduler.store([
		{ id, handler, name, dueAt, version, reference, record },
	]);
}

/** @param next the retry that is now held somewhere */
export function reportRetry(
	{ envelope: { id, name: event } }: ReceivedEvent,
	{ delivery, wait, error }: NextAttempt,
	{ clock, observe }: Carrying,
): void {
	const at = clock();
	observe({
		type: "retrying",
		at,
		id,
		event,
		handler: delivery.handler,
		attempt: delivery.attempt - 1,
		error,
		retryAt: at + wait,
	});
}
