/** One instance of a simulated object: it lives until it is evicted, dies or is reset, and has two gates. */
import { Isolate } from "./isolate.ts";
import type { Platform } from "./platform.ts";

export class Instance extends Isolate {
	object: object | undefined;
	readonly #confirm: () => void;
	#closed = 0;
	readonly #waiting: (() => void)[] = [];

	/** @param confirm puts on disk what was written, or kills the instance where that fails */
	constructor(platform: Platform, label: string, confirm: () => void) {
		super(platform, label);
		this.#confirm = confirm;
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

	/** The output gate: nothing leaves before what was written is on disk. */
	override release(): boolean {
		if (this.alive) this.#confirm();
		return this.alive;
	}

	#next(): void {
		if (this.#closed > 0 || !this.alive) return;
		this.#waiting.shift()?.();
		if (this.#waiting.length > 0)
			this.platform.time.after(0, () => this.#next());
	}
}
