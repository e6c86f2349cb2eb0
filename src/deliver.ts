/**
 * Step 5: a delivery that travels alone, from its message to its verdict. From its second message on only
 * `retry` moves it, or an upsert in the scheduler, so that a duplicate cannot multiply.
 */
import { type Attempting, attempt } from "./attempt.ts";
import { keepBody, readBody } from "./body.ts";
import { type Burying, bury, buryMissing } from "./bury.ts";
import {
	type Carrying,
	hold,
	inSeconds,
	type Next,
	postpone,
	reportRetry,
} from "./carry.ts";
import type { Delivery, Readable } from "./contract/envelope.ts";
import type { Handler, Handlers } from "./contract/handler.ts";
import { CHAIN_TRIES, QUEUE_WAIT } from "./contract/limits.ts";
import { sinceFirst } from "./dead-letter.ts";
import { decide, mayBegin, waitForDeploy } from "./retry.ts";

export interface Delivering extends Attempting, Carrying, Burying {
	handlers: Handlers;
	payloads: Carrying["payloads"] & Burying["payloads"];
	random(): number;
}

/** What a message comes to. */
export type Verdict = { type: "ack" } | { type: "retry"; delaySeconds: number };

export const ACK: Verdict = { type: "ack" };

/** How long a delivery waits for what it needs and cannot have now, in milliseconds. */
const MINUTE = 60_000;

/**
 * Runs the next attempt of a delivery.
 *
 * @param message how often its message was delivered, and when it was sent
 */
export async function redeliver(
	event: Readable,
	carried: Delivery,
	message: { attempts: number; timestamp: Date },
	ports: Delivering,
): Promise<Verdict> {
	const delivery = continued(carried, message);
	const handler = ports.handlers.get(delivery.handler);
	if (!handler) return awaitHandler(event, delivery, ports);
	if (!mayBegin(handler.policy, delivery.attempt))
		return buryCrashed(event, delivery, ports);
	const body = await readBody(event, ports).catch(() => "unreachable" as const);
	if (body === "unreachable") {
		const reason = "its body cannot be read now";
		await postpone(event, delivery, MINUTE, reason, ports);
		return ACK;
	}
	if (body === undefined) {
		await buryMissing(event, handler.id, ports);
		return ACK;
	}
	const next = await tryOnce(event, handler, body(), delivery, ports);
	return next ? moveOn(event, next, message, ports) : ACK;
}

/** The delivery as it stands now, since a message that was delivered again could not be changed. */
function continued(
	carried: Delivery,
	{ attempts, timestamp }: { attempts: number; timestamp: Date },
): Delivery {
	if (attempts === 1) return carried;
	const sentAt = timestamp.getTime();
	return {
		firstAttemptAt: sentAt,
		firstFailureAt: sentAt,
		...carried,
		attempt: carried.attempt + attempts - 1,
	};
}

/** One attempt and its settlement; the answer is what remains to be tried, if anything. */
export async function tryOnce(
	event: Readable,
	handler: Handler,
	body: unknown,
	delivery: Delivery,
	ports: Delivering,
): Promise<Next | undefined> {
	const { firstAttemptAt = ports.clock() } = delivery;
	const outcome = await attempt(
		handler,
		event.envelope,
		body,
		delivery.attempt,
		ports,
	);
	const now = ports.clock();
	const decision = decide(
		outcome,
		handler.policy,
		delivery.attempt,
		firstAttemptAt,
		now,
		ports.random(),
	);
	const { id, name } = event.envelope;
	const of = {
		id,
		event: name,
		handler: handler.id,
		attempt: delivery.attempt,
	};
	switch (decision.type) {
		case "delivered":
			ports.observe({ type: "delivered", at: now, ...of });
			return undefined;
		case "dead": {
			const { cause, error } = decision;
			await bury(
				event,
				{
					handler: handler.id,
					cause,
					error,
					attempts: delivery.attempt,
					...sinceFirst(delivery, now),
				},
				ports,
			);
			return undefined;
		}
		case "retry": {
			const { error } = decision;
			// As it will be: a queue counts whole seconds.
			const wait = inSeconds(decision.wait) * 1_000;
			const { unknownSince: _, ...same } = delivery;
			return {
				wait,
				error,
				delivery: {
					firstAttemptAt,
					firstFailureAt: now,
					firstFailure: error,
					...same,
					attempt: delivery.attempt + 1,
				},
			};
		}
	}
}

/** Stays in its message while that may wait so long and be tried so often, else moves to the scheduler. */
async function moveOn(
	event: Readable,
	next: Next,
	message: { attempts: number; timestamp: Date },
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
			const delaySeconds = inSeconds(Math.max(wait, MINUTE));
			return { type: "retry", delaySeconds };
		}
	}
	await keepBody(event, next.wait, ports);
	reportRetry(event, next, ports);
	return { type: "retry", delaySeconds: inSeconds(next.wait) };
}

/** Its handler is unknown here: perhaps a deploy is rolling, so it waits up to an hour. */
async function awaitHandler(
	event: Readable,
	delivery: Delivery,
	ports: Delivering,
): Promise<Verdict> {
	const now = ports.clock();
	const { handler, unknownSince = now } = delivery;
	const wait = waitForDeploy(now - unknownSince);
	if (wait === undefined) {
		await bury(
			event,
			{
				handler,
				cause: "unknown_handler",
				error: {
					name: "UnknownHandlerError",
					message: `no handler ${JSON.stringify(handler)} is registered, and none was for an hour`,
				},
				attempts: delivery.attempt - 1,
				...sinceFirst(delivery, now),
			},
			ports,
		);
		return ACK;
	}
	const waiting = { ...delivery, unknownSince };
	const reason = "its handler is not registered";
	await postpone(event, waiting, wait, reason, ports);
	return ACK;
}

/** Its last attempts never came back, so it does not get another. */
async function buryCrashed(
	event: Readable,
	delivery: Delivery,
	ports: Delivering,
): Promise<Verdict> {
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
	return ACK;
}
