/** How a delivery changes from one attempt to the next. Pure. */
import type {
	Delivery,
	FinalFailure,
	ReceivedEvent,
} from "../event/envelope.ts";
import type { Fate } from "./decide.ts";

/** The first delivery to a handler. If the message is a replay's, the delivery is one of that replay. */
export function firstDelivery(
	{ envelope }: ReceivedEvent,
	handler: string,
): Delivery {
	const replay = envelope.delivery?.replay;
	const first = { handler, attempt: 1 };
	return replay === undefined ? first : { ...first, replay };
}

/**
 * The delivery that a redelivered message carries. A message cannot be changed, so the count of its deliveries is added
 * to its attempt.
 *
 * @param message `attempts` counts its deliveries from 1; `timestamp` is when it was sent
 */
export function currentDelivery(
	carried: Delivery,
	{ attempts, timestamp }: { attempts: number; timestamp: Date },
): Delivery {
	if (attempts === 1) return carried;
	const sentAt = timestamp.getTime();
	// The message cannot store how long it has waited since, so these waits begin again.
	const { unknownFor: _, unreachableFor: __, ...tried } = carried;
	return {
		...tried,
		attempt: carried.attempt + attempts - 1,
		firstAttemptAt: carried.firstAttemptAt ?? sentAt,
		firstFailureAt: carried.firstFailureAt ?? sentAt,
	};
}

/**
 * The delivery with which a failed one is tried again.
 *
 * @param startedAt when the failed attempt started, in epoch milliseconds
 * @param failedAt when it failed, in epoch milliseconds
 */
export function nextAttempt(
	delivery: Delivery,
	{ error }: Fate & { type: "retry" },
	startedAt: number,
	failedAt: number,
): Delivery {
	const { unknownFor: _, unreachableFor: __, ...rest } = delivery;
	return {
		...rest,
		attempt: delivery.attempt + 1,
		firstAttemptAt: delivery.firstAttemptAt ?? startedAt,
		firstFailureAt: delivery.firstFailureAt ?? failedAt,
		firstFailure: delivery.firstFailure ?? error,
	};
}

/** Adds the wait to the total that the delivery has waited. Totals count: this Worker may have been down itself. */
export function parkedDelivery(
	delivery: Delivery,
	{ reason, wait }: Fate & { type: "park" },
): Delivery {
	const { unknownFor = 0, unreachableFor = 0 } = delivery;
	switch (reason) {
		case "unknown_handler": {
			// The Worker responded, so the wait for it is over.
			const { unreachableFor: _, ...rest } = delivery;
			return { ...rest, unknownFor: unknownFor + wait };
		}
		case "worker_unreachable":
			return { ...delivery, unreachableFor: unreachableFor + wait };
		default:
			return delivery;
	}
}

/** The end of a delivery, as its dead letter stores it. */
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
