/** One instance of a simulated object, with an input and an output gate, until it is evicted, reset or crashes. */
import { Isolate } from "./isolate.ts";
import type { Platform } from "./platform.ts";

export class Instance extends Isolate {
	object: object | undefined;
	/** Why its storage does nothing any more: it lives to the end of its turn, and nothing leaves it. */
	broken: Error | undefined;
	readonly #confirm: () => void;
	#closed = 0;
	readonly #waiting: (() => void)[] = [];

	/** @param confirm puts on disk what was written, or kills the instance where that fails */
	constructor(platform: Platform, label: string, confirm: () => void) {
		super(platform, label);
		this.#confirm = confirm;
	}

	/** Its storage has failed for good. */
	breakDown(why: Error): void {
		this.broken = why;
		this.platform.time.after(0, () => this.kill());
	}

	/** The input gate: while it awaits its own storage, nothing else comes in. */
	async closed<Result>(act: () => Promise<Result>): Promise<Result> {
		this.#closed++;
		try {
			return await act();
		} finally {
			this.#closed--;
			this.platform.time.after(0, () => this.#next());
		}
	}

	override resume(act: () => void): void {
		if (!this.alive) return;
		if (this.#closed > 0 || this.#waiting.length > 0) this.#waiting.push(act);
		else act();
	}

	/**
	 * The output gate: nothing leaves before what was written is on disk. With it is what was done about answers
	 * that came before, so that a later death brings none of those calls again.
	 */
	override release(): boolean {
		if (this.broken) this.kill();
		if (this.alive) this.#confirm();
		if (this.alive)
			this.work.calls = this.work.calls.filter(({ end }) => end === "open");
		return this.alive;
	}

	#next(): void {
		if (this.#closed > 0 || !this.alive) return;
		this.#waiting.shift()?.();
		if (this.#waiting.length > 0)
			this.platform.time.after(0, () => this.#next());
	}
}
