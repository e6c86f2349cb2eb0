/**
 * Random draws from a seed. Each draw is a hash of the seed and of the decision's name, not the next number of a
 * sequence. Removing one act from a history therefore changes no other draw.
 */
import { hash } from "node:crypto";
import type { Rates, Strike } from "./strike.ts";

const DIGITS = 12;
const RANGE = 16 ** DIGITS;

export class Fate {
	/** The faults that occurred, by the keys of their draws. */
	readonly struck: string[] = [];
	/** While true, no fault occurs. */
	calm = false;
	readonly #seed: number;
	readonly #rates: Rates;
	readonly #only: ReadonlySet<string> | undefined;
	readonly #counts = new Map<string, number>();

	/** @param only the faults that may occur, by the keys of an earlier run. Default: all. */
	constructor(seed: number, rates: Rates, only?: ReadonlySet<string>) {
		this.#seed = seed;
		this.#rates = rates;
		this.#only = only;
	}

	/** Returns a number from [0, 1), always the same one for a key. */
	draw(key: string): number {
		const digest = hash("sha1", `${this.#seed} ${key}`);
		return Number.parseInt(digest.slice(0, DIGITS), 16) / RANGE;
	}

	/** Returns the draw for the next occurrence of a name. */
	next(name: string): number {
		return this.draw(this.#occurrence(name));
	}

	/** Returns the latency of a call in one direction, in milliseconds. */
	latency(name: string): number {
		return 0.5 + this.next(`latency ${name}`) * 15;
	}

	/** Returns the fault that occurs at a point, one of `may`; undefined if none occurs. */
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
