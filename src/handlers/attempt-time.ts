/** The time of one attempt: how much of it is left, and what happens when it is over. */
import type { Ended } from "../event/outcome.ts";
import type { Timer } from "../platform/timer.ts";

export interface Attempting {
	clock(): number;
	timer: Timer;
}

/** Its timer and its signal are made only where they are needed, for making them takes longer than most handlers. */
export class AttemptTime {
	readonly #ports: Attempting;
	readonly #startedAt: number;
	#timeout: number;
	#isOver = false;
	#expired: Ended | undefined;
	#expiry: PromiseWithResolvers<Ended> | undefined;
	#stopTimer: (() => void) | undefined;
	#abort: AbortController | undefined;

	/**
	 * @param timeout in milliseconds
	 * @param startedAt in epoch milliseconds
	 */
	constructor(
		timeout: number,
		ports: Attempting,
		startedAt: number = ports.clock(),
	) {
		this.#ports = ports;
		this.#startedAt = startedAt;
		this.#timeout = timeout;
	}

	get isOver(): boolean {
		return this.#isOver;
	}

	/** Aborts when the time is over. */
	get signal(): AbortSignal {
		if (!this.#abort) {
			this.#abort = new AbortController();
			if (this.#expired) this.#abort.abort(this.#reason());
		}
		return this.#abort.signal;
	}

	/** From now on a timer stands; resolves when the time is over. */
	runsOut(): Promise<Ended> {
		if (!this.#expiry) {
			this.#expiry = Promise.withResolvers();
			if (this.#expired) this.#expiry.resolve(this.#expired);
			else this.#arm();
		}
		return this.#expiry.promise;
	}

	/** Another time, in milliseconds from the start; what has already passed is over at once. */
	set(timeout: number): void {
		if (this.#isOver) return;
		this.#timeout = timeout;
		this.#arm();
	}

	/** The attempt has ended, and nothing can cut it off any more; what its time came to, if it was over before. */
	end(): Ended | undefined {
		this.#isOver = true;
		this.#stopTimer?.();
		return this.#expired;
	}

	#arm(): void {
		this.#stopTimer?.();
		const left = this.#startedAt + this.#timeout - this.#ports.clock();
		if (left <= 0) this.#expire();
		else if (this.#expiry)
			this.#stopTimer = this.#ports.timer(() => this.#expire(), left);
	}

	#expire(): void {
		this.#isOver = true;
		this.#expired = { type: "timed_out", timeout: this.#timeout };
		this.#expiry?.resolve(this.#expired);
		this.#abort?.abort(this.#reason());
	}

	#reason(): DOMException {
		return new DOMException(
			`the attempt's ${this.#timeout} ms are over`,
			"TimeoutError",
		);
	}
}
