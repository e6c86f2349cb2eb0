/** The resource that `start` and `stop` change. It records the attempts, and fails if two run concurrently. */
import { expect } from "vitest";
import { MAX_TIMEOUT } from "../../src/event/limits.ts";
import type { AttemptOutcome } from "../../src/event/outcome.ts";

export type Which = "start" | "stop";

/** How an attempt ends. `cut_off`: its code runs until its timeout, and its outcome is lost. */
export type End = "delivered" | "failed" | "timed_out" | "crashed" | "cut_off";

export class Outside {
	/** Whether it runs. It is unsure after a start whose outcome is unknown. */
	state: "down" | "up" | "unsure" = "down";
	/** Started attempts, in order. */
	readonly begun: Which[] = [];
	#freeAt = 0;
	#underWay: Which | undefined;

	get underWay(): Which | undefined {
		return this.#underWay;
	}

	/** The latest end of the current attempt. */
	get endsAt(): number {
		return this.#underWay ? this.#freeAt : Number.POSITIVE_INFINITY;
	}

	begin(which: Which, now: number): void {
		expect(this.#underWay, `${which} begins beside`).toBe(undefined);
		expect(now, `${which} begins`).toBeGreaterThanOrEqual(this.#freeAt);
		// They alternate: a running resource is not started, and a stopped one is not stopped.
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
		// An attempt that was cut off may run until its timeout.
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
