/**
 * Counts, for each event and handler, the faults that explain an additional run: those that start another chain of
 * attempts or use up a try.
 */
import type { CallNote } from "./platform/isolate.ts";
import type { Note } from "./platform/platform.ts";
import { eventOf, handlerOf, subjectOf } from "./subjects.ts";

/** For one delivery, or for the message of a whole event, which counts for all its handlers. */
export interface Allowance {
	/** Deliveries of its message that ended without a verdict on an attempt. */
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

	allowed(n: number, handler: string): Allowed {
		const whole = this.of(n, "");
		if (handler === "")
			return { ...whole, extraChains: whole.fresh + whole.midway };
		const { lostTries, fresh, midway } = this.of(n, handler);
		return { lostTries, midway, extraChains: whole.fresh + fresh + midway };
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
				// Each copy is a separate message.
				this.#anotherMessage(where, subjects);
				break;
			case "taken":
				// Note that it failed, a publish sends its event again: each time that the queue took it before.
				if (/^publish\b/.test(by))
					for (const subject of subjects)
						if (this.#taken.has(subject)) this.#add(subject, "fresh");
						else this.#taken.add(subject);
				break;
			case "unanswered":
				// Note that it failed, the sender sends again, or gives the delivery to the scheduler as well. Callers
				// are counted by what was taken of them, and a replay as one.
				if (/^(worker|Scheduler)\b/.test(by))
					this.#anotherMessage(where, subjects);
				break;
			case "killed":
			case "storage_failed":
				// A shard that dies between a send and the confirmed removal of its rows, or cannot remove them, sends
				// them again.
				if (where.startsWith("Scheduler/"))
					for (const { name, subjects } of calls)
						this.#anotherMessage(name, subjects);
				break;
			case "died":
				// Its consumer died, and with it what it had made of the message.
				this.#again(where, subjects, calls);
				break;
			case "again": {
				// A call that failed kept the consumer from a verdict, so it asked for the message once more.
				const failed = calls.filter(({ end }) => end === "failed");
				this.#again(where, subjects, calls, failed);
				break;
			}
			case "call failed":
				// The last that takes the end of an attempt is a shard. Where it does not, that handler begins again.
				if (queue === "events" && isHolding(where))
					for (const subject of subjects) this.#add(subject, "fresh");
		}
	}

	/** In the queue of events it brings every handler again; in that of retries one delivery, as it stands. */
	#anotherMessage(queue: string, subjects: readonly string[]): void {
		if (!/^(events|retries)\b/.test(queue)) return;
		for (const subject of subjects)
			if (handlerOf(subject) === "") this.#add(subject, "fresh");
			else this.#add(subject, "midway");
	}

	/** A message that comes again for no verdict on an attempt. */
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
			if (queue === "events") this.#splitAgain(n, calls);
			// It was, or may have been, given to the scheduler, and goes on from there beside its message.
			else if (calls.some((call) => isHold(call, subject)))
				this.#add(subject, "midway");
		}
	}

	/**
	 * Each handler that the event's message began gets a delivery from attempt 1 once more; also one that did not run,
	 * for its schema refused the body, and has its letter: the next deploy's may accept it.
	 */
	#splitAgain(n: number, calls: readonly CallNote[]): void {
		for (const { name, subjects } of calls)
			if (/^(retries|Scheduler|dead-letters|DeadLetters)\b/.test(name))
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

function isHold({ name, subjects }: CallNote, subject: string): boolean {
	return isHolding(name) && subjects.includes(subject);
}

function isHolding(call: string): boolean {
	return /^Scheduler\/.*\.store$/.test(call);
}
