/** The calls of one object that wait for another call of their delivery. It is in memory, and decides nothing. */
import { inTime, realTimer } from "../../platform/timer.ts";

export class DeliveryWaiters {
	readonly #waiting = new Map<string, PromiseWithResolvers<void>>();

	/**
	 * Returns after `wake`, or after this time.
	 *
	 * @param time milliseconds
	 */
	async wait(delivery: string, time: number): Promise<void> {
		const woken = this.#waiting.get(delivery) ?? Promise.withResolvers<void>();
		this.#waiting.set(delivery, woken);
		await inTime(woken.promise, time, realTimer).catch(() => {});
	}

	wake(delivery: string): void {
		this.#waiting.get(delivery)?.resolve();
		this.#waiting.delete(delivery);
	}
}
