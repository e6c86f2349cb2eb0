/** Calls the Worker's `queue()` with a batch, as the platform does, and returns the verdict of each message. */
import { WorkerEntrypoint } from "cloudflare:workers";
import { own } from "./own.ts";
import { faulty, inside, placeOf } from "./points.ts";
import { queueObject } from "./queues.ts";

/** A stored message of a queue. */
export interface Delivered {
	id: string;
	body: string;
	/** Epoch milliseconds. */
	sentAt: number;
	attempts: number;
}

export type Verdict = "ack" | { delaySeconds: number };

export class Consumer extends WorkerEntrypoint {
	/** Rejects if `queue()` throws. The verdicts of its whole batch are then discarded, and it is redelivered. */
	async consume(
		queue: string,
		delivered: readonly Delivered[],
	): Promise<Verdict[]> {
		if (queue === "EventsQueue" && delivered.some(isLostOnce))
			throw new Error("the batch is lost once");
		const verdicts: (Verdict | undefined)[] = delivered.map(() => undefined);
		const place = placeOf(`consume ${queue}`);
		// The first verdict counts.
		const settle = (index: number, id: string, verdict: Verdict) => {
			if (verdicts[index] !== undefined) return;
			verdicts[index] = verdict;
			// At once, which is stricter than Cloudflare: a message that is acked too early is lost by a kill.
			if (verdict === "ack") place.begun.push(queueObject(queue).forget(id));
		};
		const messages = delivered.map(({ id, body, sentAt, attempts }, index) => ({
			id,
			body,
			attempts,
			timestamp: new Date(sentAt),
			ack: () => settle(index, id, "ack"),
			retry: ({ delaySeconds = 0 }: QueueRetryOptions = {}) =>
				settle(index, id, { delaySeconds }),
		}));
		const batch: MessageBatch = {
			queue,
			messages,
			metadata: { metrics: { backlogCount: 0, backlogBytes: 0 } },
			ackAll: () => {
				for (const message of messages) message.ack();
			},
			retryAll: (options) => {
				for (const message of messages) message.retry(options);
			},
		};
		await inside(place, () =>
			faulty("queue()", async () => own.queue(batch, this.env, this.ctx)),
		);
		await Promise.all(place.begun);
		return verdicts.map((verdict) => verdict ?? "ack");
	}
}

/** The first delivery of an event with this name is lost, so the second delivery is split. */
function isLostOnce({ body, attempts }: Delivered): boolean {
	return attempts === 1 && JSON.parse(body).name === "lost-once.doomed";
}
