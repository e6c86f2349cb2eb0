/** The outside service that `start` and `stop` change. It checks that attempts alternate and never overlap. */
import { expect } from "vitest";
import { MAX_TIMEOUT } from "../../src/event/limits.ts";
import type { AttemptOutcome } from "../../src/event/outcome.ts";

export type Which = "start" | "stop";

/** The end of an attempt. `cut_off`: its code runs until its time is over, and its outcome is lost. */
export type End = "delivered" | "failed" | "timed_out" | "crashed" | "cut_off";

export class Outside {
	/** Whether it runs. `unsure` after a start with an unknown outcome. */
	state: "down" | "up" | "unsure" = "down";
	/** Attempts that began, in order. */
	readonly begun: Which[] = [];
	#freeAt = 0;
	#underWay: Which | undefined;

	get underWay(): Which | undefined {
		return this.#underWay;
	}

	/** When the current attempt ends at the latest. */
	get endsAt(): number {
		return this.#underWay ? this.#freeAt : Number.POSITIVE_INFINITY;
	}

	begin(which: Which, now: number): void {
		expect(this.#underWay, `${which} begins beside`).toBe(undefined);
		expect(now, `${which} begins`).toBeGreaterThanOrEqual(this.#freeAt);
		// They alternate: a running event is not started, and an event that cannot have started is not stopped.
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
		// Interrupted code may run until its time is over.
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
