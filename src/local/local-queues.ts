/**
 * The queues of a durable local run: stores messages, delivers them in batches and carries out the verdicts, as the
 * platform does with the consumers of `wrangler.jsonc`. It must not decide what becomes of a message; `consume/` does.
 */
import { MAX_RETRIES } from "../event/limits.ts";
import { Alarm } from "../platform/alarm.ts";
import { log } from "../platform/log.ts";
import { objectContext } from "../platform/object-context.ts";
import type { QueueRole } from "../platform/queue-names.ts";
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

/** Batches of one queue at once: as on the platform, a slow handler does not block the queue. */
const CONCURRENCY = 10;

/** While batches run, an alarm stands this far ahead, in milliseconds: a killed run goes on when it starts again. */
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
	/** Batches that run, by queue. */
	readonly #running = new Map<string, number>();

	constructor(storage: DurableObjectStorage) {
		this.#table = new MessageTable(storage);
		this.#alarm = new Alarm(storage);
		this.#table.releaseAll();
	}

	async start(): Promise<void> {
		await this.#alarm.start(() => this.#nextAt());
	}

	hasMessages(): boolean {
		return this.#table.hasMessages();
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
		this.#startBatches();
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

	async alarm(isRetry: boolean): Promise<void> {
		await this.#alarm.run(
			isRetry,
			async () => this.#startBatches(),
			() => this.#nextAt(),
		);
	}

	#startBatches(): void {
		for (const queue of this.#table.queues())
			while ((this.#running.get(queue.name) ?? 0) < CONCURRENCY) {
				const limit = BATCH_SIZE[queue.role];
				const batch = this.#table.lease(queue, limit, Date.now());
				if (batch.length === 0) break;
				void this.#deliver(queue, batch);
			}
	}

	/** Never rejects. */
	async #deliver(
		queue: LocalQueue,
		batch: readonly LocalMessage[],
	): Promise<void> {
		this.#count(queue.name, 1);
		const unanswered = new Set(batch.map(({ id }) => id));
		const messages = batch.map((one) => this.#message(one, queue, unanswered));
		try {
			await objectContext().consume(messages, queue.role);
		} catch (error) {
			log("batch_failed", { queue: queue.name, error });
		}
		for (const id of unanswered)
			this.#table.release(id, Date.now() + UNANSWERED_WAIT);
		this.#count(queue.name, -1);
		this.#startBatches();
		await this.#updateAlarm().catch((error) => log("alarm_not_set", { error }));
	}

	/** The first verdict counts. */
	#message(
		{ id, record, sentAt, attempts }: LocalMessage,
		{ role }: LocalQueue,
		unanswered: Set<number>,
	): Message {
		return {
			...{ id: `${id}`, body: record, attempts },
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
				else this.#table.move(id, DEAD_LETTERS, now);
			},
		};
	}

	#count(queue: string, change: 1 | -1): void {
		this.#running.set(queue, (this.#running.get(queue) ?? 0) + change);
	}

	async #updateAlarm(): Promise<void> {
		const at = this.#nextAt();
		if (at !== null) await this.#alarm.setBy(at);
	}

	#nextAt(): number | null {
		const isRunning = [...this.#running.values()].some((count) => count > 0);
		return isRunning ? Date.now() + HEARTBEAT : this.#table.nextDueAt();
	}
}
