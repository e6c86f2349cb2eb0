/** A sequence of draws with one name, for decisions before a run begins. */
import type { Fate } from "../../src/testing/platform/fate.ts";

export class Dice {
	readonly #fate: Fate;
	readonly #name: string;

	constructor(fate: Fate, name = "scenario") {
		this.#fate = fate;
		this.#name = name;
	}

	next(): number {
		return this.#fate.next(this.#name);
	}

	between(from: number, to: number): number {
		return Math.floor(from + this.next() * (to - from));
	}

	pick<Item>(items: readonly Item[]): Item {
		return items[this.between(0, items.length)] as Item;
	}

	chance(of: number): boolean {
		return this.next() < of;
	}
}
