/** The failures and crashes that a test has planned for the next attempts. */
import { show } from "../event/validation.ts";
import type { CrashPoint } from "./test-events.ts";
import { CALL_POINTS, type TestFate } from "./test-fate.ts";

const HANDLER_POINTS = ["before-handler", "after-handler"] as const;

type HandlerPoint = (typeof HANDLER_POINTS)[number];

export class Plans {
	readonly #failures = new Map<string, unknown[]>();
	readonly #crashes: HandlerPoint[] = [];

	/** @param error what the attempts throw */
	failNext(
		handler: string,
		times = 1,
		error: unknown = new Error(`failNext made ${handler} fail on purpose`),
	): void {
		if (!Number.isInteger(times) || times < 1)
			throw new RangeError(
				`tidings/testing: failNext: ${show(times)} is not a number of attempts; use 1 or more`,
			);
		const failures = this.#failures.get(handler) ?? [];
		for (let time = 0; time < times; time += 1) failures.push(error);
		this.#failures.set(handler, failures);
	}

	/** @param fate performs the crashes at calls */
	crashAt(point: CrashPoint, fate: TestFate): void {
		const atCall = CALL_POINTS.find((one) => one === point);
		const atHandler = HANDLER_POINTS.find((one) => one === point);
		if (atCall) fate.planned.push(atCall);
		else if (atHandler) this.#crashes.push(atHandler);
		else
			throw new TypeError(
				`tidings/testing: crashAt: ${show(point)} is not a point; use ${[...HANDLER_POINTS, ...CALL_POINTS].join(", ")}`,
			);
	}

	/** Returns whether the present attempt crashes at this point. */
	takesCrash(point: HandlerPoint): boolean {
		const index = this.#crashes.indexOf(point);
		if (index >= 0) this.#crashes.splice(index, 1);
		return index >= 0;
	}

	/** @throws the planned error of the handler's next attempt, if there is one */
	failIfPlanned(handler: string): void {
		const failures = this.#failures.get(handler);
		if (failures && failures.length > 0) throw failures.shift();
	}
}
