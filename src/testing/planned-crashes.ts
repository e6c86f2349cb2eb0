/** The crashes that a test has planned, around handlers and calls of the platform. It kills no Worker. */
import { show } from "../event/validation.ts";
import type { CrashPoint } from "./test-events.ts";
import { CALL_POINTS, type TestFate } from "./test-fate.ts";

const HANDLER_POINTS = ["before-handler", "after-handler"] as const;

type HandlerPoint = (typeof HANDLER_POINTS)[number];

export class PlannedCrashes {
	readonly #points: HandlerPoint[] = [];
	readonly #fate: TestFate;

	/** @param fate performs the crashes at calls */
	constructor(fate: TestFate) {
		this.#fate = fate;
	}

	/** @throws TypeError for a point that does not exist */
	crashAt(point: CrashPoint): void {
		const atCall = CALL_POINTS.find((one) => one === point);
		const atHandler = HANDLER_POINTS.find((one) => one === point);
		if (atCall) this.#fate.planned.push(atCall);
		else if (atHandler) this.#points.push(atHandler);
		else
			throw new TypeError(
				`tidings/testing: crashAt: ${show(point)} is not a point; use ${[...HANDLER_POINTS, ...CALL_POINTS].join(", ")}`,
			);
	}

	/** Returns whether the present attempt crashes at this point. Each planned crash happens once. */
	takesCrash(point: HandlerPoint): boolean {
		const index = this.#points.indexOf(point);
		if (index >= 0) this.#points.splice(index, 1);
		return index >= 0;
	}
}
