/** Step 6, its act: what an attempt's outcome comes to is decided once, and buried or handed back to be tried again. */
import { type Burying, bury } from "../dead-letters/bury.ts";
import { sinceFirst } from "../dead-letters/store.ts";
import type { Delivery, EventHead, ReceivedEvent } from "../event/envelope.ts";
import type { Outcome } from "../event/outcome.ts";
import type { Policy } from "../handlers/retry-policy.ts";
import { decide } from "./decide.ts";
import { type NextAttempt, toDelaySeconds } from "./requeue.ts";

export interface Settling extends Burying {
	random(): number;
}

/**
 * Settles one attempt; the answer is what remains to be tried, if anything.
 *
 * @param beganAt when this attempt began, in epoch milliseconds
 */
export async function settle(
	event: ReceivedEvent,
	delivery: Delivery,
	policy: Policy,
	outcome: Outcome,
	beganAt: number,
	ports: Settling,
): Promise<NextAttempt | undefined> {
	const { handler, attempt, firstAttemptAt = beganAt } = delivery;
	const now = ports.clock();
	const decision = decide(
		outcome,
		policy,
		attempt,
		firstAttemptAt,
		now,
		ports.random(),
	);
	switch (decision.type) {
		case "delivered":
			reportDelivered(event.envelope, delivery, now, ports);
			return undefined;
		case "dead": {
			const { cause, error } = decision;
			const since = sinceFirst(delivery, now);
			const ending = { handler, cause, error, attempts: attempt, ...since };
			await bury(event, ending, ports);
			return undefined;
		}
		case "retry": {
			const { error } = decision;
			// As it will be: a queue counts whole seconds.
			const wait = toDelaySeconds(decision.wait) * 1_000;
			const { unknownFor: _, unreachableFor: __, ...same } = delivery;
			return {
				wait,
				error,
				delivery: {
					firstAttemptAt,
					firstFailureAt: now,
					firstFailure: error,
					...same,
					attempt: attempt + 1,
				},
			};
		}
	}
}

/** All that a delivery's success comes to. */
export function reportDelivered(
	{ id, name: event }: EventHead,
	{ handler, attempt }: Delivery,
	at: number,
	{ observe }: Pick<Settling, "observe">,
): void {
	observe({ type: "delivered", at, id, event, handler, attempt });
}
