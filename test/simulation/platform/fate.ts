/**
 * Decides by the seed. Each draw is a hash of the seed and of the name of the decision, never the next number of a
 * sequence, so that removing one act from a history changes no other draw.
 */
import { hash } from "node:crypto";

/** How a call out of an isolate can go wrong. */
export type Strike =
	/** The isolate dies, and the call was never made. */
	| "crash_before"
	/** The isolate dies once the call was made. */
	| "crash_after"
	/** The call fails, and nothing was done. */
	| "refused"
	/** The call fails, and a part was done. */
	| "halfway"
	/** The call was done, and reports a failure. */
	| "lied"
	/** The call never answers, and nothing was done. */
	| "hung_before"
	/** The call never answers, yet was done. */
	| "hung_after"
	/** The object that is called loses its memory first. */
	| "reset"
	/** An operation of an object's storage fails and does nothing; what its turn wrote before stays. */
	| "storage_failed"
	/** An operation of an object's storage fails, and with it all that was not confirmed, and the object. */
	| "storage_broken"
	/** It answers late. */
	| "slow"
	/** A message is delivered once more than its verdicts ask for. */
	| "duplicated"
	/** An alarm that was set is gone. */
	| "alarm_lost";

export type Rates = Readonly<Partial<Record<Strike, number>>>;

const DIGITS = 12;
const RANGE = 16 ** DIGITS;

export class Fate {
	/** What went wrong, by the key of its draw. */
	readonly struck: string[] = [];
	/** While it is so, nothing goes wrong. */
	calm = false;
	readonly #seed: number;
	readonly #rates: Rates;
	readonly #only: ReadonlySet<string> | undefined;
	readonly #counts = new Map<string, number>();

	/** @param only what may go wrong, by the keys of an earlier run; all when absent */
	constructor(seed: number, rates: Rates, only?: ReadonlySet<string>) {
		this.#seed = seed;
		this.#rates = rates;
		this.#only = only;
	}

	/** From [0, 1), the same for the same key. */
	draw(key: string): number {
		const digest = hash("sha1", `${this.#seed} ${key}`);
		return Number.parseInt(digest.slice(0, DIGITS), 16) / RANGE;
	}

	/** A draw for the next occurrence of what has this name. */
	next(name: string): number {
		return this.draw(this.#occurrence(name));
	}

	/** Milliseconds that a call takes one way. */
	latency(name: string): number {
		return 0.5 + this.next(`latency ${name}`) * 15;
	}

	/** Whether something goes wrong at a point, and what, of that which may. */
	strike<May extends Strike>(
		point: string,
		may: readonly May[],
	): May | undefined {
		const key = this.#occurrence(point);
		if (this.calm) return undefined;
		let drawn = this.draw(key);
		for (const strike of may) {
			const rate = this.#rates[strike] ?? 0;
			if (drawn < rate) return this.#happens(strike, key);
			drawn -= rate;
		}
		return undefined;
	}

	#happens<May extends Strike>(strike: May, key: string): May | undefined {
		const name = `${strike} ${key}`;
		if (this.#only && !this.#only.has(name)) return undefined;
		this.struck.push(name);
		return strike;
	}

	#occurrence(name: string): string {
		const count = (this.#counts.get(name) ?? 0) + 1;
		this.#counts.set(name, count);
		return `${name} #${count}`;
	}
}
