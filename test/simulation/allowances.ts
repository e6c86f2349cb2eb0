/**
 * Counts, for each event and handler, the faults that explain an additional run: those that start another chain of
 * attempts or use up a try.
 */
import type { CallNote } from "../../src/testing/platform/isolate.ts";
import type { Note } from "../../src/testing/platform/worker.ts";
import { hasHandlers, roleOf } from "./queues.ts";
import { allOf, eventOf, handlerOf, subjectOf } from "./subjects.ts";

/** The allowance of one delivery, or of the message of a whole event. The latter applies to all of its handlers. */
export interface Allowance {
	/** Deliveries of the message that ended without a verdict on an attempt. */
	lostTries: number;
	/** Additional chains that start at attempt 1. */
	fresh: number;
	/** Additional chains that start at any attempt. */
	midway: number;
}

/** The allowance of one event and handler, including the message of the whole event. */
export interface Allowed {
	lostTries: number;
	midway: number;
	/** Additional chains of attempts, without replays. */
	extraChains: number;
}

const NONE: Allowance = { lostTries: 0, fresh: 0, midway: 0 };

export class Allowances {
	readonly #all = new Map<string, Allowance>();
	/** Events that the queue has accepted from a publisher. Storing an event in a shard again creates no second row. */
	readonly #taken = new Set<string>();
	/** Deliveries whose first chain has started. */
	readonly #begun = new Map<number, Set<string>>();

	readonly #restores: (n: number) => number;

	/** @param restores how often an event was stored in a shard again, after its first row may have been sent */
	constructor(restores: (n: number) => number) {
		this.#restores = restores;
	}

	allowed(n: number, handler: string): Allowed {
		const first = this.of(n, "");
		const whole = { ...first, fresh: first.fresh + this.#restores(n) };
		if (handler === "")
			return { ...whole, extraChains: whole.fresh + whole.midway };
		const { lostTries, fresh, midway } = this.of(n, handler);
		const all = this.of(n, allOf(handler) ?? handler);
		const ofAll = all.fresh + all.midway;
		const extraChains = whole.fresh + fresh + midway;
		return allOf(handler) === undefined || allOf(handler) === handler
			? { lostTries, midway, extraChains }
			: { lostTries, midway, extraChains: extraChains + ofAll };
	}

	of(n: number, handler: string): Allowance {
		return this.#all.get(subjectOf(n, handler)) ?? NONE;
	}

	/** A handler ran, or its delivery is stored. */
	begin(n: number, handler: string): void {
		const begun = this.#begun.get(n) ?? new Set();
		this.#begun.set(n, begun.add(handler));
	}

	record({ what, where, subjects, detail }: Note): void {
		const {
			calls = [],
			by = "",
			queue,
		} = (detail ?? {}) as {
			calls?: readonly CallNote[];
			by?: string;
			/** Queue of the batch in which a call failed. */
			queue?: string;
		};
		switch (what) {
			case "duplicated":
				// A duplicate is a separate message.
				this.#anotherMessage(where, subjects);
				break;
			case "taken":
				// After an error, a publish sends its event again. Each further acceptance starts another chain.
				if (/^publish\b/.test(by))
					for (const subject of subjects)
						if (this.#taken.has(subject)) this.#add(subject, "fresh");
						else this.#taken.add(subject);
				break;
			case "unanswered":
				// After an error, the sender sends again, or also stores the delivery in the scheduler. Publishes are
				// counted under "taken", and a replay counts as one chain.
				if (/^(worker|Scheduler)\b/.test(by))
					this.#anotherMessage(where, subjects);
				break;
			case "killed":
			case "storage_failed":
				// A shard sends rows again if it cannot delete them, or dies between the send and the commit of the
				// delete.
				if (where.startsWith("Scheduler/"))
					for (const { name, subjects } of calls)
						this.#anotherMessage(name, subjects);
				break;
			case "died":
				// The consumer died, and its verdict on the message was lost.
				this.#again(where, subjects, calls);
				break;
			case "again": {
				// A failed call prevented a verdict on the attempt, so the consumer requested a retry of the message.
				const failed = calls.filter(({ end }) => end === "failed");
				this.#again(where, subjects, calls, failed);
				break;
			}
			case "call failed":
				// If a shard rejects a delivery that shares its event's message, the retries queue carries it, but the
				// shard may have stored it all the same. If the queue rejects it too, the handler restarts.
				if (isOfEvents(queue) && isHolding(where))
					for (const subject of subjects) this.#add(subject, "midway");
				// A large body must be stored until a distant attempt. If that fails, the handler restarts.
				if (isOfEvents(queue) && isExtension(where))
					for (const subject of subjects) this.#add(subject, "fresh");
				// The call of another Worker may have run its handlers, without a result.
				if (isRemoteCall(where))
					for (const subject of subjects) {
						this.#add(subject, "lostTries");
						this.#add(subject, "midway");
					}
		}
	}

	/** The message of a whole event starts every handler again. The message of a delivery continues at its attempt. */
	#anotherMessage(queue: string, subjects: readonly string[]): void {
		if (!hasHandlers(queue)) return;
		for (const subject of subjects)
			if (handlerOf(subject) === "") this.#add(subject, "fresh");
			else this.#add(subject, "midway");
	}

	/** Records the redelivery of a message without a verdict on an attempt. */
	#again(
		queue: string,
		subjects: readonly string[],
		calls: readonly CallNote[],
		because: readonly CallNote[] = calls,
	): void {
		for (const subject of subjects) {
			const n = eventOf(subject);
			const isAbout = (call: CallNote) =>
				call.subjects.some((one) => eventOf(one) === n);
			if (because !== calls && !because.some(isAbout)) continue;
			this.#add(subject, "lostTries");
			const isOfAll = handlerOf(subject).endsWith("/*");
			if (isOfEvents(queue) || isOfAll) this.#splitAgain(n, calls);
			// The scheduler may have stored the delivery. It then continues there as well as in its message.
			else if (calls.some((call) => isHold(call, subject)))
				this.#add(subject, "midway");
			// The call still runs in the other Worker.
			else if (
				calls.some(({ name, end }) => isRemoteCall(name) && end === "open")
			)
				this.#add(subject, "midway");
		}
	}

	/**
	 * Each handler that the event's message started gets another delivery from attempt 1. This includes a handler whose
	 * schema rejected the body and that has a dead letter, because the schema of the next deploy may accept the body.
	 */
	#splitAgain(n: number, calls: readonly CallNote[]): void {
		for (const { name, subjects } of calls)
			if (isEndOfAttempt(name))
				for (const subject of subjects)
					if (eventOf(subject) === n && handlerOf(subject) !== "")
						this.begin(n, handlerOf(subject));
		for (const handler of this.#begun.get(n) ?? [])
			this.#add(subjectOf(n, handler), "fresh");
	}

	#add(subject: string, what: keyof Allowance): void {
		const allowance = this.#all.get(subject) ?? { ...NONE };
		this.#all.set(subject, allowance);
		allowance[what]++;
	}
}

function isOfEvents(queue: string | undefined): boolean {
	return queue !== undefined && roleOf(queue) === "events";
}

/** Whether a call stores the result of an attempt. */
function isEndOfAttempt(call: string): boolean {
	const role = roleOf(call);
	if (role !== undefined) return role !== "events";
	return /^(Scheduler|DeadLetters|post)\b/.test(call);
}

function isRemoteCall(call: string): boolean {
	return call.startsWith("post.");
}

function isHold({ name, subjects }: CallNote, subject: string): boolean {
	return isHolding(name) && subjects.includes(subject);
}

function isExtension(call: string): boolean {
	return /^Payloads\/.*\.extend$/.test(call);
}

function isHolding(call: string): boolean {
	return /^Scheduler\/.*\.store$/.test(call);
}
