/**
 * The queues of a durable local run: stores messages, delivers them in batches and carries out the verdicts, as the
 * platform does with the consumers of `wrangler.jsonc`. It must not decide what becomes of a message; `consume/` does.
 */
import { MAX_RETRIES } from "../event/limits.ts";
import { Alarm } from "../platform/alarm.ts";
import { log } from "../platform/log.ts";
import { objectContext } from "../platform/object-context.ts";
import type { QueueRole } from "../platform/queue-names.ts";
import { realTimer } from "../platform/timer.ts";
import {
	type LocalMessage,
	type LocalQueue,
	MessageTable,
} from "./message-table.ts";

/** The `max_batch_size` of each role, as documented. */
const BATCH_SIZE: Record<QueueRole, number> = {
	events: 100,
	retries: 1,
	deadLetters: 25,
};

/** Batches of one queue at once. With more, a publish would wait for the object while many events are handled. */
const CONCURRENCY: Record<QueueRole, number> = {
	events: 2,
	retries: 10,
	deadLetters: 1,
};

/** While batches run, an alarm is set this far ahead, in milliseconds: a killed run goes on when it starts again. */
const HEARTBEAT = 500;

/** Wait of a message without a verdict, in milliseconds. */
const UNANSWERED_WAIT = 60_000;

const DEAD_LETTERS: LocalQueue = {
	name: "DEAD_LETTERS_QUEUE",
	role: "deadLetters",
};

export class LocalQueues {
	readonly #table: MessageTable;
	readonly #alarm: Alarm;
	/** Those that have had messages, and how many of their batches run. */
	readonly #queues = new Map<string, LocalQueue & { running: number }>();

	constructor({ id, storage }: DurableObjectState) {
		this.#table = new MessageTable(storage);
		this.#alarm = new Alarm("Scheduler", id, storage);
		this.#table.releaseAll();
		for (const queue of this.#table.queues()) this.#know(queue);
	}

	async start(): Promise<void> {
		await this.#alarm.start(() => this.#nextAt());
	}

	/** Stores messages. They and the alarm are written in one tick, so both or neither. */
	async send(
		queue: LocalQueue,
		records: readonly string[],
		delaySeconds: number,
	): Promise<void> {
		const now = Date.now();
		const dueAt = now + delaySeconds * 1_000;
		for (const record of records) this.#table.add(queue, record, now, dueAt);
		this.#know(queue);
		// After the answer, as with a queue: the sender reports an event as queued before its handlers run.
		realTimer(() => this.#startBatches(), 1);
		await this.#updateAlarm();
	}

	async metrics(queue: string): Promise<QueueMetrics> {
		const { count, bytes, oldest } = this.#table.backlog(queue);
		return {
			backlogCount: count,
			backlogBytes: bytes,
			oldestMessageTimestamp: new Date(oldest),
		};
	}

	async alarm(): Promise<void> {
		await this.#alarm.run(
			false,
			async () => this.#startBatches(),
			() => this.#nextAt(),
		);
	}

	#startBatches(): void {
		for (const queue of this.#queues.values())
			while (queue.running < CONCURRENCY[queue.role]) {
				const limit = BATCH_SIZE[queue.role];
				const batch = this.#table.lease(queue, limit, Date.now());
				if (batch.length === 0) break;
				void this.#deliver(queue, batch);
			}
	}

	/** Never rejects. */
	async #deliver(
		queue: LocalQueue & { running: number },
		batch: readonly LocalMessage[],
	): Promise<void> {
		queue.running++;
		const unanswered = new Set(batch.map(({ id }) => id));
		const messages = batch.map((one) => this.#message(one, queue, unanswered));
		try {
			await objectContext().consume(messages, queue.role);
		} catch (error) {
			log("batch_failed", { queue: queue.name, error });
		}
		queue.running--;
		try {
			for (const id of unanswered)
				this.#table.release(id, Date.now() + UNANSWERED_WAIT);
			this.#startBatches();
		} catch (error) {
			// The next start of the object releases what is leased.
			log("batch_failed", { queue: queue.name, error });
		}
		await this.#updateAlarm().catch((error) => this.#alarm.logNotSet(error));
	}

	/** The first verdict counts. */
	#message(
		{ id, record, sentAt, attempts }: LocalMessage,
		{ role }: LocalQueue,
		unanswered: Set<number>,
	): Message {
		return {
			id: `${id}`,
			body: record,
			attempts,
			timestamp: new Date(sentAt),
			ack: () => {
				if (unanswered.delete(id)) this.#table.delete(id);
			},
			retry: ({ delaySeconds = 0 } = {}) => {
				if (!unanswered.delete(id)) return;
				const now = Date.now();
				if (attempts <= MAX_RETRIES)
					this.#table.release(id, now + delaySeconds * 1_000);
				else if (role === "deadLetters") this.#table.delete(id);
				else {
					this.#table.move(id, DEAD_LETTERS, now);
					this.#know(DEAD_LETTERS);
				}
			},
		};
	}

	#know(queue: LocalQueue): void {
		if (!this.#queues.has(queue.name))
			this.#queues.set(queue.name, { ...queue, running: 0 });
	}

	async #updateAlarm(): Promise<void> {
		const at = this.#nextAt();
		if (at !== null) await this.#alarm.setBy(at);
	}

	#nextAt(): number | null {
		const queues = [...this.#queues.values()];
		if (queues.some(({ running }) => running > 0))
			return Date.now() + HEARTBEAT;
		const dueAt = queues.flatMap((queue) => this.#table.nextDueAt(queue) ?? []);
		return dueAt.length > 0 ? Math.min(...dueAt) : null;
	}
}
