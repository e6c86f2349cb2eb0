/** The draws of a test: fixed where chance would only surprise, and the crashes that a test plans. */
import { Fate } from "./platform/fate.ts";
import type { Rates, Strike } from "./platform/strike.ts";

/** The call during which the Worker crashes, and whether the call was performed. */
const POINTS = {
	"before-send": ["crash_before", /^[^/ ]+\.(send|sendBatch) /],
	"after-send": ["crash_after", /^[^/ ]+\.(send|sendBatch) /],
	"before-schedule": ["crash_before", /^Scheduler\/\S+\.store /],
	"after-schedule": ["crash_after", /^Scheduler\/\S+\.store /],
} as const satisfies Record<string, readonly [Strike, RegExp]>;

type CallPoint = keyof typeof POINTS;

export const CALL_POINTS = Object.keys(POINTS) as CallPoint[];

/** Draws without chaos, by the beginnings of their names. The files of `platform/` say what each draw decides. */
const FIXED: readonly (readonly [string, number])[] = [
	// Each Worker has one isolate, which is never replaced (`platform.ts`, `service.ts`).
	["isolate", 0],
	["which", 0],
	["share ", 0],
	// An invocation that returns ends at once (`invocation.ts`).
	["cut off ", 0],
	// A batch has as many messages as it may, in the order of their sends (`queue.ts`).
	["order ", 0],
	["batch ", 1 - Number.EPSILON],
	// A duplicate is delivered without a delay of its own (`queue.ts`).
	["copy ", 0],
];

export class TestFate extends Fate {
	/** Crashes that were not struck yet. */
	readonly planned: CallPoint[] = [];
	/** While true, a test calls the Worker itself, and no fault occurs. */
	isTestCalling = false;
	readonly #isRandom: boolean;

	/** @param isRandom whether the order of messages, the sizes of batches and latencies are random */
	constructor(seed: number, rates: Rates, isRandom: boolean) {
		super(seed, rates);
		this.#isRandom = isRandom;
	}

	override draw(key: string): number {
		return this.#fixed(key) ?? super.draw(key);
	}

	override next(name: string): number {
		return this.#fixed(name) ?? super.next(name);
	}

	override latency(name: string): number {
		return this.#isRandom ? super.latency(name) : 0;
	}

	override strike<May extends Strike>(
		point: string,
		may: readonly May[],
	): May | undefined {
		if (this.isTestCalling) return undefined;
		for (const [index, planned] of this.planned.entries()) {
			const [strike, at] = POINTS[planned];
			if (!at.test(point) || !may.includes(strike as May)) continue;
			this.planned.splice(index, 1);
			return strike as May;
		}
		return super.strike(point, may);
	}

	#fixed(name: string): number | undefined {
		if (this.#isRandom) return undefined;
		return FIXED.find(([start]) => name.startsWith(start))?.[1];
	}
}
