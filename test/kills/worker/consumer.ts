/** Calls the Worker's own `queue()` with a batch, as the platform does, and tells what each message came to. */
import { WorkerEntrypoint } from "cloudflare:workers";
import { own } from "./own.ts";
import { faulty, inside, placeOf } from "./points.ts";
import { queueObject } from "./queues.ts";

/** A message as its queue keeps it. */
export interface Delivered {
	id: string;
	body: string;
	/** Epoch milliseconds. */
	sentAt: number;
	attempts: number;
}

export type End = "ack" | { delaySeconds: number };

export class Consumer extends WorkerEntrypoint {
	/** Rejects where `queue()` throws: then the verdicts of its whole batch are forgotten, and it comes again. */
	async consume(
		queue: string,
		delivered: readonly Delivered[],
	): Promise<End[]> {
		if (queue === "EventsQueue" && delivered.some(isLostOnce))
			throw new Error("the batch is lost once");
		const ends: (End | undefined)[] = delivered.map(() => undefined);
		const place = placeOf(`consume ${queue}`);
		// The first verdict counts.
		const settle = (index: number, id: string, end: End) => {
			if (ends[index] !== undefined) return;
			ends[index] = end;
			// At once, which is stricter than Cloudflare is: what is acked too early is lost by a kill.
			if (end === "ack") place.begun.push(queueObject(queue).forget(id));
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
		return ends.map((end) => end ?? "ack");
	}
}

/** An event of this name makes its first delivery come to nothing, so that its second is split. */
function isLostOnce({ body, attempts }: Delivered): boolean {
	return attempts === 1 && JSON.parse(body).name === "lost-once.doomed";
}
