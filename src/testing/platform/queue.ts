/**
 * A simulated queue as documented: at least once, unordered, in batches, with a verdict for each message. A message
 * without an ack is redelivered, and goes to the dead-letter queue after its last retry.
 */
import { runBatch, type Verdict } from "./batch.ts";
import { CALL_STRIKES, callOut } from "./call.ts";
import { here } from "./isolate.ts";
import type { Platform } from "./platform.ts";
import { checkBatch, checkMessage, type SendOptions } from "./queue-limits.ts";
import type { Strike } from "./strike.ts";

export interface QueueSettings {
	batchSize: number;
	maxRetries: number;
	/** Seconds until a redelivery after a retry without a delay, or after the death of the consumer. */
	retryDelay: number;
	/** The name of another queue. */
	deadLetterQueue?: string;
	/** Milliseconds until a message expires. */
	retention: number;
	/** Most concurrent batches. */
	concurrency: number;
}

/** With these faults the queue accepts the messages, but the sender gets an error or no answer. */
const UNANSWERED: ReadonlySet<Strike> = new Set([
	"lied",
	"halfway",
	"hung_after",
]);

export interface Message {
	id: string;
	body: unknown;
	sentAt: number;
	/** When this queue stored the message. A duplicate has the time of its original. */
	storedAt: number;
	visibleAt: number;
	/** Number of deliveries so far. */
	attempts: number;
	/** The events and deliveries that it is about. */
	subjects: readonly string[];
	/** The id of the message that it is a duplicate of. A duplicate is not duplicated again. */
	copyOf?: string;
	/** Number of its duplicates. */
	copies: number;
}

/** Most duplicates of a message. Without a limit, hundreds of retries would become tens of thousands of attempts. */
const MOST_COPIES = 2;

export class SimulatedQueue {
	readonly name: string;
	readonly settings: QueueSettings;
	/** Messages that wait for delivery, by id. Messages in delivery are in `underWay`. */
	readonly waiting = new Map<string, Message>();
	readonly underWay = new Set<Message>();
	readonly #platform: Platform;
	#batches = 0;
	#count = 0;
	#cancelWake: (() => void) | undefined;
	#wakeAt = Number.POSITIVE_INFINITY;

	constructor(platform: Platform, name: string, settings: QueueSettings) {
		this.#platform = platform;
		this.name = name;
		this.settings = settings;
	}

	/** The binding of a producer. */
	readonly producer = {
		send: async (body: unknown, options: SendOptions = {}) => {
			checkMessage({ body, ...options });
			return this.#take([{ body, ...options }], "send", CALL_STRIKES);
		},
		sendBatch: async (
			messages: readonly ({ body: unknown } & SendOptions)[],
		) => {
			checkBatch(messages);
			return this.#take(messages, "sendBatch", [...CALL_STRIKES, "halfway"]);
		},
		metrics: async () => ({ backlogCount: this.waiting.size, backlogBytes: 0 }),
	};

	/**
	 * Stores a message without the checks and faults of the producer.
	 *
	 * @param from the message of another queue whose id and send time the new message gets
	 */
	put(
		body: unknown,
		delaySeconds = 0,
		attempts = 0,
		from?: Pick<Message, "id" | "sentAt" | "copyOf">,
		subjects: readonly string[] = this.#platform.subjectsOf(body),
	): Message {
		const { time } = this.#platform;
		const message = {
			id: from?.id ?? `${this.name}-${++this.#count}`,
			body: structuredClone(body),
			sentAt: from?.sentAt ?? Math.floor(time.now),
			storedAt: time.now,
			visibleAt: time.now + delaySeconds * 1_000,
			attempts,
			subjects,
			copies: 0,
			...(from?.copyOf !== undefined && { copyOf: from.copyOf }),
		};
		this.waiting.set(message.id, message);
		this.#wake(message.visibleAt);
		return message;
	}

	#take(
		messages: readonly ({ body: unknown } & SendOptions)[],
		operation: string,
		may: readonly Strike[],
	): Promise<void> {
		const { subjectsOf } = this.#platform;
		const { label } = here();
		const about = messages.map(({ body }) => subjectsOf(body));
		const subjects = about.flat();
		return callOut({
			name: `${this.name}.${operation}`,
			subjects,
			may,
			perform: (strike) => {
				const { fate, isDown, note } = this.#platform;
				if (isDown(this.name)) {
					note("down", this.name, subjects);
					throw new Error("Queue is overloaded");
				}
				const part = Math.floor(
					fate.next(`part ${this.name}`) * messages.length,
				);
				const taken = strike === "halfway" ? messages.slice(0, part) : messages;
				for (const [index, { body, delaySeconds }] of taken.entries())
					this.put(body, delaySeconds, 0, undefined, about[index]);
				const takenOf = about.slice(0, taken.length).flat();
				const delays = taken.map(({ delaySeconds = 0 }) => delaySeconds);
				const delay = Math.max(0, ...delays) * 1_000;
				note("taken", this.name, takenOf, { by: label, delay });
				if (strike && UNANSWERED.has(strike))
					note("unanswered", this.name, takenOf, { by: label });
			},
		});
	}

	#wake(at: number): void {
		if (at >= this.#wakeAt) return;
		this.#cancelWake?.();
		this.#wakeAt = at;
		this.#cancelWake = this.#platform.time.at(at, () => {
			this.#wakeAt = Number.POSITIVE_INFINITY;
			this.#deliver();
		});
	}

	/** Delivers what is due. */
	wake(): void {
		if (this.waiting.size > 0) this.#wake(this.#platform.time.now);
	}

	#deliver(): void {
		const { time, fate } = this.#platform;
		if (this.#platform.isHeld) return;
		while (this.#batches < this.settings.concurrency) {
			const visible = this.#visible();
			if (visible.length === 0) break;
			const most = Math.min(visible.length, this.settings.batchSize);
			const size = 1 + Math.floor(fate.next(`batch ${this.name}`) * most);
			this.#run(visible.slice(0, size));
		}
		if (this.#batches >= this.settings.concurrency) return;
		let next = Number.POSITIVE_INFINITY;
		for (const { visibleAt } of this.waiting.values())
			next = Math.min(next, visibleAt);
		if (next < Number.POSITIVE_INFINITY)
			this.#wake(Math.max(next, time.now + 1));
	}

	/** Returns the messages that are due, in random order, and removes the expired ones. */
	#visible(): Message[] {
		const { time, fate } = this.#platform;
		const drawn: [number, Message][] = [];
		for (const message of this.waiting.values()) {
			if (message.visibleAt > time.now) continue;
			if (time.now - message.storedAt > this.settings.retention) {
				this.waiting.delete(message.id);
				this.#platform.note("expired", this.name, message.subjects);
				continue;
			}
			drawn.push([fate.draw(`order ${message.id}`), message]);
		}
		return drawn.sort(([a], [b]) => a - b).map(([, message]) => message);
	}

	#run(messages: Message[]): void {
		for (const message of messages) {
			this.waiting.delete(message.id);
			this.underWay.add(message);
			message.attempts++;
			this.#duplicate(message);
		}
		this.#batches++;
		runBatch(this.#platform, this.name, messages, (verdicts) => {
			this.#batches--;
			for (const message of messages)
				this.#settle(message, verdicts.get(message));
			this.#deliver();
		});
	}

	#settle(message: Message, verdict: Verdict = { retry: undefined }): void {
		this.underWay.delete(message);
		if (verdict === "ack") return;
		const { deadLetterQueue, maxRetries, retryDelay } = this.settings;
		if (message.attempts > maxRetries) {
			this.#platform.note("given up", this.name, message.subjects);
			if (deadLetterQueue)
				this.#platform
					.queue(deadLetterQueue)
					.put(message.body, 0, 0, message, message.subjects);
			return;
		}
		const delay = verdict.retry ?? retryDelay;
		message.visibleAt = this.#platform.time.now + delay * 1_000;
		this.waiting.set(message.id, message);
		this.#wake(message.visibleAt);
	}

	/** May add a duplicate of the message, as after a lost verdict. The duplicate is then a separate message. */
	#duplicate(message: Message): void {
		if (message.copyOf !== undefined || message.copies === MOST_COPIES) return;
		const { fate, duplicateDelay } = this.#platform;
		const { subjects } = message;
		const point = `deliver ${this.name} ${subjects[0] ?? ""}`;
		if (!fate.strike(point, ["duplicated"])) return;
		message.copies++;
		this.#platform.note("duplicated", this.name, subjects);
		const { body, attempts } = message;
		const attemptsOfCopy =
			fate.next(`again ${this.name}`) < 0.5 ? attempts : attempts - 1;
		const delay = fate.next(`copy ${this.name}`) * duplicateDelay;
		const copy = this.put(body, delay, attemptsOfCopy, undefined, subjects);
		const { id: copyOf, sentAt, storedAt } = message;
		Object.assign(copy, { sentAt, storedAt, copyOf });
	}
}
