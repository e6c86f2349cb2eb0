/** The handlers of both sides. They count in the isolate's memory, which costs almost nothing. */

let handled = 0;
let expected = 0;
let isPaused = false;
/** The wait of each event, in milliseconds. */
let waits: number[] = [];

/** Members of a body, next to its filler. */
export interface Body {
	/** When it was published, or is due, in epoch milliseconds. */
	at?: number;
	/** Whether its first attempt fails. */
	fails?: boolean;
	items?: object[];
}

export function count(): void {
	handled++;
}

export function clock({ at = 0 }: Body): void {
	waits.push(Date.now() - at);
	handled++;
}

/** @param attempt counted from 1 */
export function fail({ fails }: Body, attempt: number): void {
	handled++;
	if (fails && attempt === 1) throw new Error("the scenario makes it fail");
}

/** Starts an action. @throws Error if the action before was handled more often than expected */
export function begin(): void {
	const before = { handled, expected };
	handled = 0;
	expected = 0;
	waits = [];
	if (before.handled !== before.expected)
		throw new Error(
			`${before.handled} attempts were made instead of ${before.expected}`,
		);
}

/** Timeout of a scenario, in milliseconds. */
const TIMEOUT = 120_000;

/** Waits until this many attempts were made. @throws Error after two minutes */
export async function allHandled(
	attempts: number,
): Promise<{ handled: number; waits: number[] }> {
	expected = attempts;
	const until = Date.now() + TIMEOUT;
	while (handled < attempts) {
		if (Date.now() > until)
			throw new Error(`only ${handled} of ${attempts} attempts were made`);
		await scheduler.wait(1);
	}
	return { handled, waits };
}

/** Pauses the consumer. */
export function pauseConsumer(): void {
	isPaused = true;
}

export function resumeConsumer(): void {
	isPaused = false;
}

/** Resolves once the consumer is not paused. */
export async function consumerResumed(): Promise<void> {
	while (isPaused) await scheduler.wait(2);
}
