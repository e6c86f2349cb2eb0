/** What handlers of both sides do, and what is kept of it: numbers in the isolate's memory, so that counting costs next to nothing. */

let handled = 0;
let expected = 0;
let isShut = false;
/** What each event waited, in milliseconds. */
let waits: number[] = [];

/** What an event of the bench may carry besides its ballast. */
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
	if (fails && attempt === 1) throw new Error("as the scenario wants it");
}

/** Begins an act. @throws Error where the one before was handled more often than it should have been */
export function begin(): void {
	const [were, should] = [handled, expected];
	handled = 0;
	expected = 0;
	waits = [];
	if (were !== should)
		throw new Error(`${were} attempts were made, not ${should}`);
}

/** How long a scenario may take, in milliseconds. */
const LONGEST = 120_000;

/** Waits until so many attempts were made. @throws Error after two minutes */
export async function allHandled(
	attempts: number,
): Promise<{ handled: number; waits: number[] }> {
	expected = attempts;
	const until = Date.now() + LONGEST;
	while (handled < attempts) {
		if (Date.now() > until)
			throw new Error(`only ${handled} of ${attempts} attempts were made`);
		await scheduler.wait(1);
	}
	return { handled, waits };
}

/** The consumer waits from now on. */
export function shut(): void {
	isShut = true;
}

export function open(): void {
	isShut = false;
}

/** Held up by the gate as long as it is shut. */
export async function opened(): Promise<void> {
	while (isShut) await scheduler.wait(2);
}
