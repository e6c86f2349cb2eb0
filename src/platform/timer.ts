/** Time that runs out: a timer as a port, and an answer that is not waited for longer than it may take. */

/** Runs `expire` after so many milliseconds; the answer takes that back. */
export type Timer = (expire: () => void, ms: number) => () => void;

export const realTimer: Timer = (expire, ms) => {
	const timeout = setTimeout(expire, ms);
	return () => clearTimeout(timeout);
};

/** Resolves after so many milliseconds; even after none timers that are due come first. */
export function pause(ms: number, timer: Timer): Promise<void> {
	return new Promise((resolve) => {
		timer(resolve, ms);
	});
}

/**
 * @param why the message when it takes longer than so many milliseconds, or what makes the error
 * @throws Error with that message, or that error, then
 */
export function inTime<Result>(
	answer: Promise<Result>,
	ms: number,
	timer: Timer,
	why: string | (() => Error) = `no answer within ${ms} ms`,
): Promise<Result> {
	return new Promise((resolve, reject) => {
		const stop = timer(
			() => reject(typeof why === "string" ? new Error(why) : why()),
			ms,
		);
		answer.then(resolve, reject).finally(stop);
	});
}
