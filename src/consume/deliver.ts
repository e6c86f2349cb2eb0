/**
 * Step 5: a delivery that travels alone, from its message to its verdict. From its second message on only
 * `retry` moves it, or an upsert in the scheduler, so that a duplicate cannot multiply.
 */

import type { AppIdentity } from "../apps/app-host.ts";
import { inNameOf } from "../apps/webhooks/trigger.ts";
import { type Burying, bury, buryMissing } from "../dead-letters/bury.ts";
import { sinceFirst } from "../dead-letters/store.ts";
import type { Delivery, ReceivedEvent } from "../event/envelope.ts";
import { CHAIN_TRIES, MAX_TIMEOUT, QUEUE_WAIT } from "../event/limits.ts";
import { crashed, type Outcome } from "../event/outcome.ts";
import type { HandlerWorkers, Reporter, Runner } from "../handlers/call.ts";
import type { Route } from "../handlers/route.ts";
import { extendBody, loadRecord } from "../payloads/payloads.ts";
import { type Awaiting, awaitHandler, awaitWorker } from "./await.ts";
import type { BatchConsumer } from "./concurrency.ts";
import { mayBegin } from "./decide.ts";
import {
	hold,
	type NextAttempt,
	park,
	reportRetry,
	toDelaySeconds,
} from "./requeue.ts";
import { type Settling, settle } from "./settle.ts";

export interface Delivering extends Awaiting, Settling {
	consumers: HandlerWorkers;
	payloads: Awaiting["payloads"] & Settling["payloads"];
	/** An event's record as its handlers get it: one that is an app's trigger with the webhook's URL in its body. */
	shaped(eventName: string, record: string): Promise<string>;
}

/** What a message comes to. */
export type Verdict = { type: "ack" } | { type: "retry"; delaySeconds: number };

export const ACK: Verdict = { type: "ack" };

/** How long a delivery waits for what it needs and cannot have now, in milliseconds. */
export const MINUTE = 60_000;

/** How often its message was delivered, and when it was sent. */
export interface Travelled {
	attempts: number;
	timestamp: Date;
}

/** Runs the next attempt of a delivery. */
export async function redeliver(
	event: ReceivedEvent,
	carried: Delivery,
	message: Travelled,
	consumer: BatchConsumer,
	ports: Delivering,
): Promise<Verdict> {
	const delivery = continued(carried, message);
	const routes = await consumer.routes();
	if (!routes) return acked(awaitWorker(event, delivery, ports));
	const route = routes.get(delivery.handler);
	if (!route) return acked(awaitHandler(event, delivery, ports));
	const inName = inNameOf(event.envelope.name);
	const target = { consumer, route, ...(inName && { inName }) };
	return deliver(event, delivery, target, message, ports);
}

/** @throws whatever keeps a part of it and cannot be reached now */
export async function recordFor(
	event: ReceivedEvent,
	ports: Delivering,
): Promise<string | undefined> {
	const record = await loadRecord(event, ports);
	return record && ports.shaped(event.envelope.name, record);
}

/** What a delivery runs, and where. */
export interface Target {
	consumer: Runner;
	route: Route;
	/** Where it is an app's. */
	inName?: AppIdentity;
	/** Makes of the event's record what the handler gets. Default: as it is. */
	shape?(record: string): string;
}

/** One attempt, from its beginning to what it comes to. */
export async function deliver(
	event: ReceivedEvent,
	delivery: Delivery,
	target: Target,
	message: Travelled,
	ports: Delivering,
): Promise<Verdict> {
	const { policy } = target.route;
	if (!mayBegin(policy, delivery.attempt))
		return acked(buryCrashed(event, delivery, ports));
	const record = await recordFor(event, ports).catch(
		() => "unreachable" as const,
	);
	if (record === "unreachable") {
		const reason = "its body cannot be read now";
		return acked(park(event, delivery, MINUTE, reason, ports));
	}
	if (record === undefined)
		return acked(buryMissing(event, delivery.handler, ports));
	const beganAt = ports.clock();
	const shaped = target.shape?.(record) ?? record;
	const report = await runAlone(target, delivery, shaped);
	if (report.type === "unknown")
		return acked(awaitHandler(event, delivery, ports));
	if (report.type === "crashed" && !(await target.consumer.isReachable()))
		return acked(awaitWorker(event, delivery, ports));
	const next = await settle(event, delivery, policy, report, beganAt, ports);
	return next ? moveOn(event, next, message, ports) : ACK;
}

export async function acked(done: Promise<void>): Promise<Verdict> {
	await done;
	return ACK;
}

/** The delivery as it stands now, since a message that was delivered again could not be changed. */
export function continued(
	carried: Delivery,
	{ attempts, timestamp }: Travelled,
): Delivery {
	if (attempts === 1) return carried;
	const sentAt = timestamp.getTime();
	// Since it waited somebody has tried it: what it waits from now on is another wait.
	const { unknownFor: _, unreachableFor: __, ...tried } = carried;
	return {
		firstAttemptAt: sentAt,
		firstFailureAt: sentAt,
		...tried,
		attempt: carried.attempt + attempts - 1,
	};
}

/** What was reported of it, even if the call was cut off after that. */
export async function runAlone(
	{ consumer, route: { handler, timeout }, inName }: Target,
	{ handler: delivery, attempt }: Delivery,
	record: string,
	hasOutput = false,
): Promise<Outcome | { type: "unknown" }> {
	let ended: Outcome | { type: "unknown" } | undefined;
	const handlers = [{ delivery, handler, attempt, timeout, hasOutput }];
	const within = MAX_TIMEOUT;
	const call = { record, handlers, within, ...(inName && { inName }) };
	const told: Reporter = async (_, report) => {
		if (report.type !== "not_begun") ended ??= report;
	};
	try {
		await consumer.run(call, told);
		return ended ?? crashed(new Error("the call ended without its outcome"));
	} catch (error) {
		console.error(`tidings: the call to ${consumer.key} was cut off`, error);
		return ended ?? crashed(error);
	}
}

/** Stays in its message while that may wait so long and be tried so often, else moves to the scheduler. */
async function moveOn(
	event: ReceivedEvent,
	next: NextAttempt,
	message: Travelled,
	ports: Delivering,
): Promise<Verdict> {
	const waited = ports.clock() - message.timestamp.getTime();
	if (waited + next.wait > QUEUE_WAIT || message.attempts >= CHAIN_TRIES) {
		try {
			await hold(event, next, ports);
			return ACK;
		} catch (error) {
			console.error("tidings: the scheduler took no delivery", error);
			const wait = Math.min(next.wait, QUEUE_WAIT - waited);
			const delaySeconds = toDelaySeconds(Math.max(wait, MINUTE));
			return { type: "retry", delaySeconds };
		}
	}
	await extendBody(event, next.wait, ports);
	reportRetry(event, next, ports);
	return { type: "retry", delaySeconds: toDelaySeconds(next.wait) };
}

/** Its last attempts never came back, so it does not get another. */
async function buryCrashed(
	event: ReceivedEvent,
	delivery: Delivery,
	ports: Burying,
): Promise<void> {
	const now = ports.clock();
	await bury(
		event,
		{
			handler: delivery.handler,
			cause: "crashed",
			error: delivery.firstFailure ?? {
				name: "CrashedError",
				message:
					"the attempts did not come back: the Worker was killed or crashed each time",
			},
			attempts: delivery.attempt - 1,
			...sinceFirst(delivery, now),
		},
		ports,
	);
}
