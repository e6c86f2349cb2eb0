/** One instance of a simulated object: it lives until it is evicted, dies or is reset, and has two gates. */
import { AsyncLocalStorage } from "node:async_hooks";
import { Isolate } from "./isolate.ts";
import type { Platform } from "./platform.ts";

/** Which events the call is about that an instance is in; undefined in its alarm. */
const about = new AsyncLocalStorage<readonly string[] | undefined>();

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

	/** @param subjects which events it does that for, where it is a call */
	runFor<Result>(
		subjects: readonly string[] | undefined,
		act: () => Result,
	): Result {
		return about.run(subjects, () => this.run(act));
	}

	/** Which events a failure concerns that it has now. */
	get concerned(): readonly string[] {
		return about.getStore() ?? [...this.sent];
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

	/** The output gate: nothing leaves before what was written is on disk. */
	override release(): boolean {
		if (this.broken) this.kill();
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
