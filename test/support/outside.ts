/** What `start` and `stop` act upon: it knows what was done to it, and that no two may be at it at once. */
import { expect } from "vitest";
import { MAX_TIMEOUT } from "../../src/event/limits.ts";
import type { AttemptOutcome } from "../../src/event/outcome.ts";

export type Which = "start" | "stop";

/** How an attempt comes back; `cut_off`: its code runs on to the end of its time, and nobody hears of it. */
export type End = "delivered" | "failed" | "timed_out" | "crashed" | "cut_off";

export class Outside {
	/** Whether it runs; unsure after a start of which nobody knows how it ended. */
	state: "down" | "up" | "unsure" = "down";
	/** Attempts that began, in order. */
	readonly begun: Which[] = [];
	#freeAt = 0;
	#underWay: Which | undefined;

	get underWay(): Which | undefined {
		return this.#underWay;
	}

	/** When the attempt under way is over at the latest. */
	get endsAt(): number {
		return this.#underWay ? this.#freeAt : Number.POSITIVE_INFINITY;
	}

	begin(which: Which, now: number): void {
		expect(this.#underWay, `${which} begins beside`).toBe(undefined);
		expect(now, `${which} begins`).toBeGreaterThanOrEqual(this.#freeAt);
		// They alternate: nothing is started that runs, nor stopped that never can have been started.
		expect(this.state).not.toBe(which === "start" ? "up" : "down");
		this.#underWay = which;
		this.#freeAt = now + MAX_TIMEOUT + 5_000;
		this.begun.push(which);
	}

	end(end: End, now: number): AttemptOutcome {
		const which = this.#underWay;
		this.#underWay = undefined;
		const error = { name: "Error", message: `${which} ${end}` };
		if (end === "delivered") this.state = which === "start" ? "up" : "down";
		else if (end !== "failed" && which === "start") this.state = "unsure";
		// What was cut off may be at work until its time is over.
		if (end !== "crashed" && end !== "cut_off") this.#freeAt = now;
		switch (end) {
			case "delivered":
				return { type: end };
			case "timed_out":
				return { type: end, timeout: MAX_TIMEOUT };
			case "failed":
			case "crashed":
				return { type: end, error };
			case "cut_off":
				return { type: "crashed", error };
		}
	}
}
