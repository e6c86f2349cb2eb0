/**
 * Durable stand-ins for Cloudflare's queues, because the local queues are in memory. Each is an object that stores a
 * message until its consumer acks it, and redelivers it after a retry, a throw or a crash.
 */
import { DurableObject, exports } from "cloudflare:workers";
import type { Consumer, Delivered } from "./consumer.ts";

interface Settings {
	/** Name of the queue and of its class. */
	name: string;
	batch: number;
	maxRetries: number;
	/** Receives messages without retries left. */
	deadLetterQueue?: string;
}

type Message = {
	id: string;
	body: string;
	sent_at: number;
	visible_at: number;
	attempts: number;
};

/** Wait of the alarm while a batch is processed, in milliseconds. */
const WATCH = 1_000;

/** The longest delay, in milliseconds. Longer delays are cut, because a test cannot wait for hours. */
const LONGEST_DELAY = 2_000;

const CONCURRENCY = 8;

export abstract class StandInQueue extends DurableObject {
	protected abstract readonly settings: Settings;
	readonly #sql = this.ctx.storage.sql;
	/** Messages in processing. Not durable, because their consumer dies with this object. */
	readonly #taken = new Set<string>();

	constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
		super(ctx, env);
		this.#sql.exec(`
			CREATE TABLE IF NOT EXISTS message (
				id TEXT PRIMARY KEY, body TEXT NOT NULL, sent_at INTEGER NOT NULL,
				visible_at INTEGER NOT NULL, attempts INTEGER NOT NULL
			) WITHOUT ROWID`);
	}

	async put(bodies: readonly string[], delaySeconds: number): Promise<void> {
		const now = Date.now();
		const visibleAt = now + Math.min(delaySeconds * 1_000, LONGEST_DELAY);
		for (const body of bodies)
			this.#sql.exec(
				"INSERT INTO message VALUES (?, ?, ?, ?, 0)",
				crypto.randomUUID(),
				body,
				now,
				visibleAt,
			);
		await this.#armForNext();
	}

	async metrics() {
		const { count, bytes, oldest } = this.#sql
			.exec<{ count: number; bytes: number; oldest: number }>(
				"SELECT count(*) AS count, total(length(body)) AS bytes, coalesce(min(sent_at), 0) AS oldest FROM message",
			)
			.one();
		return {
			backlogCount: count,
			backlogBytes: bytes,
			oldestMessageTimestamp: new Date(oldest),
		};
	}

	override async alarm(): Promise<void> {
		// Before any message is read, so that the alarm fires again after a kill.
		await this.ctx.storage.setAlarm(Date.now() + WATCH);
		const workers = Array.from({ length: CONCURRENCY }, async () => {
			for (let batch = this.#take(); batch.length > 0; batch = this.#take())
				await this.#deliver(batch);
		});
		await Promise.all(workers);
		await this.#armForNext();
	}

	#take(): Message[] {
		const due = this.#sql
			.exec<Message>(
				"UPDATE message SET attempts = attempts + 1 WHERE id IN (SELECT id FROM message WHERE visible_at <= ? AND id NOT IN (SELECT value FROM json_each(?)) ORDER BY visible_at LIMIT ?) RETURNING *",
				Date.now(),
				JSON.stringify([...this.#taken]),
				this.settings.batch,
			)
			.toArray();
		for (const { id } of due) this.#taken.add(id);
		return due;
	}

	async #deliver(batch: readonly Message[]): Promise<void> {
		const verdicts = await this.#consume(batch).catch((error) => {
			console.error(`batch redelivered: ${error}`);
			return batch.map(() => ({ delaySeconds: 0 }));
		});
		for (const [index, message] of batch.entries()) {
			const verdict = verdicts[index];
			if (verdict === "ack") await this.forget(message.id);
			else await this.#retry(message, verdict?.delaySeconds ?? 0);
			this.#taken.delete(message.id);
		}
	}

	#consume(batch: readonly Message[]) {
		const { Consumer: consumer } = exports as unknown as {
			Consumer: Service<typeof Consumer>;
		};
		const delivered = batch.map(
			({ id, body, sent_at: sentAt, attempts }): Delivered => ({
				id,
				body,
				sentAt,
				attempts,
			}),
		);
		return consumer.consume(this.settings.name, delivered);
	}

	async #retry(message: Message, delaySeconds: number): Promise<void> {
		const { maxRetries, deadLetterQueue } = this.settings;
		if (message.attempts <= maxRetries || deadLetterQueue === undefined) {
			const delay = Math.min(delaySeconds * 1_000, LONGEST_DELAY);
			this.#sql.exec(
				"UPDATE message SET visible_at = ? WHERE id = ?",
				Date.now() + delay,
				message.id,
			);
			return;
		}
		await queueObject(deadLetterQueue).put([message.body], 0);
		await this.forget(message.id);
	}

	/** Deletes a message that was acked or sent to the dead-letter queue. */
	async forget(id: string): Promise<void> {
		this.#sql.exec("DELETE FROM message WHERE id = ?", id);
	}

	async #armForNext(): Promise<void> {
		const { next } = this.#sql
			.exec<{ next: number | null }>(
				"SELECT min(visible_at) AS next FROM message WHERE id NOT IN (SELECT value FROM json_each(?))",
				JSON.stringify([...this.#taken]),
			)
			.one();
		const watch =
			this.#taken.size > 0 ? Date.now() + WATCH : Number.POSITIVE_INFINITY;
		const at = Math.min(next ?? Number.POSITIVE_INFINITY, watch);
		if (Number.isFinite(at)) await this.ctx.storage.setAlarm(at);
		else await this.ctx.storage.deleteAlarm();
	}
}

// The settings are those of wrangler.toml.

export class EventsQueue extends StandInQueue {
	protected readonly settings = {
		name: "EventsQueue",
		batch: 100,
		maxRetries: 100,
		deadLetterQueue: "DeadLettersQueue",
	};
}

export class RetriesQueue extends StandInQueue {
	protected readonly settings = {
		name: "RetriesQueue",
		batch: 1,
		maxRetries: 100,
		deadLetterQueue: "DeadLettersQueue",
	};
}

export class DeadLettersQueue extends StandInQueue {
	protected readonly settings = {
		name: "DeadLettersQueue",
		batch: 25,
		maxRetries: 100,
	};
}

export function queueObject(name: string): DurableObjectStub<StandInQueue> {
	const namespaces = exports as unknown as Record<
		string,
		DurableObjectNamespace<StandInQueue>
	>;
	return (namespaces[name] as DurableObjectNamespace<StandInQueue>).getByName(
		"queue",
	);
}
