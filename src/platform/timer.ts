/** The real timer, and timeouts. It must not start a timer that it does not stop. */
import type { Ports } from "../ports.ts";

export const realTimer: Ports["timer"] = (expire, ms) => {
	const timeout = setTimeout(expire, ms);
	return () => clearTimeout(timeout);
};

/** Waits a number of milliseconds. With 0, timers that are due already still run first. */
export function pause(ms: number, timer: Ports["timer"]): Promise<void> {
	return new Promise((resolve) => {
		timer(resolve, ms);
	});
}

/**
 * Bounds the time that a promise is waited for. The work behind the promise goes on.
 *
 * @param ms milliseconds
 * @param reason the message of the error, or a function that makes the error
 * @throws Error after that time
 */
export function inTime<Result>(
	answer: Promise<Result>,
	ms: number,
	timer: Ports["timer"],
	reason: string | (() => Error) = `no answer within ${ms} ms`,
): Promise<Result> {
	return new Promise((resolve, reject) => {
		const stop = timer(
			() => reject(typeof reason === "string" ? new Error(reason) : reason()),
			ms,
		);
		answer.then(resolve, reject).finally(stop);
	});
}
