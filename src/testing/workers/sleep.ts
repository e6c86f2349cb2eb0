/** Waits in real time. */

/** Captured before a test can replace it. */
const { setTimeout } = globalThis;

/** @param ms real milliseconds */
export function sleep(ms: number): Promise<void> {
	return new Promise((resolve) => {
		setTimeout(resolve, ms);
	});
}
