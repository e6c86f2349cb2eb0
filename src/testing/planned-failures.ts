/** The failures that a test has planned for the next attempts of handlers. It runs no handler. */
import { show } from "../event/validation.ts";

export class PlannedFailures {
	readonly #byHandler = new Map<string, unknown[]>();

	/**
	 * @param error what the attempts throw
	 * @throws RangeError unless `times` is a whole number of at least 1
	 */
	failNext(
		handler: string,
		times = 1,
		error: unknown = new Error(`failNext made ${handler} fail on purpose`),
	): void {
		if (!Number.isInteger(times) || times < 1)
			throw new RangeError(
				`tidings/testing: failNext: ${show(times)} is not a number of attempts; use 1 or more`,
			);
		const failures = this.#byHandler.get(handler) ?? [];
		for (let time = 0; time < times; time += 1) failures.push(error);
		this.#byHandler.set(handler, failures);
	}

	/** @throws the planned error of the handler's next attempt, if there is one */
	failIfPlanned(handler: string): void {
		const failures = this.#byHandler.get(handler);
		if (failures && failures.length > 0) throw failures.shift();
	}
}
