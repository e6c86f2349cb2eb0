/** One instance of a simulated object, with an input and an output gate, until it is evicted, reset or crashes. */
import { Isolate } from "./isolate.ts";
import type { Platform } from "./platform.ts";

export class Instance extends Isolate {
	object: object | undefined;
	/** Why every storage operation fails. The instance then runs to the end of its tick, and nothing leaves it. */
	broken: Error | undefined;
	readonly #confirm: () => void;
	#closed = 0;
	readonly #waiting: (() => void)[] = [];

	/** @param confirm commits the writes, or kills the instance if the commit fails */
	constructor(platform: Platform, label: string, confirm: () => void) {
		super(platform, label);
		this.#confirm = confirm;
	}

	/** Makes all further storage operations fail. The instance dies after the current tick. */
	breakDown(why: Error): void {
		this.broken = why;
		this.platform.time.after(0, () => this.kill());
	}

	/** The input gate: while the instance awaits its own storage, no other call or answer is delivered. */
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
	 * The output gate: nothing leaves before all writes are committed. The commit includes the effects of earlier
	 * answers, so a later death does not repeat the calls that were answered.
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
