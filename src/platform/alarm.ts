/**
 * The one alarm of a Durable Object. Only this file decides when the alarm is set. It must not know what the alarm is
 * for, and it stores nothing of its own.
 *
 * Each method that changes the alarm calls storage before its first `await`. So an object that writes rows and calls
 * it in one tick writes both or neither.
 */
import { LONGEST_WAIT } from "../event/limits.ts";
import { log } from "./log.ts";

/** Milliseconds after which an alarm that has not fired counts as missing, and the longest backoff. */
const MINUTE = 60_000;

/** The first wait after an alarm that fired early, in milliseconds. */
const FIRST_DELAY = 10;

type AlarmStorage = Pick<
	DurableObjectStorage,
	"getAlarm" | "setAlarm" | "deleteAlarm"
>;

/** When the object's next work is due, in epoch milliseconds; null without work. */
type NextAt = () => number | null;

export class Alarm {
	readonly #object: string;
	readonly #storage: AlarmStorage;
	readonly #clock: () => number;
	/** The time that the alarm is set to, in epoch milliseconds. Null if none is set, or if that is unknown. */
	#at: number | null = null;
	/** Alarms in a row that fired early. */
	#early = 0;

	/** @param className with the name of the object's `id`, identifies the object in the log */
	constructor(
		className: string,
		{ name }: Pick<DurableObjectId, "name">,
		storage: AlarmStorage,
		clock = () => Date.now(),
	) {
		this.#object = name === undefined ? className : `${className} ${name}`;
		this.#storage = storage;
		this.#clock = clock;
	}

	/**
	 * Reads the alarm when the object starts, and sets one that is missing or late. It never throws: an object
	 * whose alarm cannot be set must still start.
	 */
	async start(nextAt: NextAt): Promise<void> {
		try {
			await this.check(nextAt);
		} catch (error) {
			this.logNotSet(error);
		}
	}

	/** Logs that the alarm could not be set. */
	logNotSet(error: unknown): void {
		log("alarm_not_set", { object: this.#object, error });
	}

	/**
	 * Reads the alarm from storage, and sets one that is missing or late.
	 *
	 * @param tolerance how much later than the work an alarm may be set, in milliseconds
	 */
	async check(nextAt: NextAt, tolerance = 0): Promise<void> {
		const before = this.#at;
		const at = await this.#storage.getAlarm();
		// If the alarm was set or has fired meanwhile, the answer is out of date.
		if (this.#at === before) this.#at = at;
		const next = nextAt();
		if (next !== null) await this.setBy(next, tolerance);
	}

	/**
	 * Sets the alarm to a time, unless it is set to that time or an earlier one. Writes nothing in that case.
	 *
	 * @param tolerance how much later an alarm may be set, in milliseconds
	 */
	async setBy(at: number, tolerance = 0): Promise<void> {
		const setAt = this.#setAt();
		if (setAt === null || setAt > this.#possible(at) + tolerance)
			await this.#set(at);
	}

	/** Sets the alarm to a time, earlier or later than before. Null removes the alarm. */
	async setTo(at: number | null): Promise<void> {
		if (at === null) await this.#remove();
		// For work that is due already, any alarm that is about to fire will do.
		else if (at <= this.#clock()) await this.setBy(at);
		else if (this.#setAt() !== this.#possible(at)) await this.#set(at);
	}

	/**
	 * Runs the object's work for one alarm, then sets the alarm to the next work, or removes it.
	 *
	 * The platform drops an alarm after six failed retries. A retry therefore sets the alarm before the work, which
	 * makes the platform count from zero.
	 *
	 * @param isRetry as the platform passes it to `alarm()`
	 * @throws what `work` throws, or the error of an alarm that cannot be set: the platform then retries
	 */
	async run(
		isRetry: boolean,
		work: () => Promise<void>,
		nextAt: NextAt,
	): Promise<void> {
		const fired = this.#at;
		this.#at = null;
		const firedEarly = fired !== null && fired > this.#clock();
		if (isRetry)
			await this.#set(this.#clock() + MINUTE).catch((error) =>
				this.logNotSet(error),
			);
		await work();
		const next = nextAt();
		// The clock of the machine that fires alarms can be ahead of this one, and would fire again at once.
		const isEarly = firedEarly && next !== null && next <= fired;
		this.#early = isEarly ? this.#early + 1 : 0;
		const wait = backoff(FIRST_DELAY, this.#early);
		await this.setTo(next === null ? null : next + wait);
	}

	/** The alarm's time, unless it has been overdue for so long that it must be missing. */
	#setAt(): number | null {
		if (this.#at === null || this.#at < this.#clock() - MINUTE) return null;
		return this.#at;
	}

	/**
	 * The nearest time that an alarm can have. Inside `alarm()` an alarm at or before the present may never fire
	 * (cloudflare/workerd#6866). A date past 2189 throws; an alarm that fires early is set again.
	 */
	#possible(at: number): number {
		const now = this.#clock();
		return Math.min(Math.max(at, now + 1), now + LONGEST_WAIT);
	}

	async #set(at: number): Promise<void> {
		const possible = this.#possible(at);
		this.#at = possible;
		try {
			await this.#storage.setAlarm(possible);
		} catch (error) {
			this.#at = null;
			throw error;
		}
	}

	async #remove(): Promise<void> {
		if (this.#at === null) return;
		this.#at = null;
		await this.#storage.deleteAlarm();
	}
}

/**
 * Doubles a first wait with each further time, up to a minute.
 *
 * @param first milliseconds
 * @param times 0 for no wait
 */
export function backoff(first: number, times: number): number {
	return times === 0 ? 0 : Math.min(first * 2 ** (times - 1), MINUTE);
}
