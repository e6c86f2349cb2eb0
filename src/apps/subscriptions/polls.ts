/** Decides when an app event is polled. It is pure: it must not enqueue a poll; `event-life.ts` does. */
import type { Life } from "./lifecycle.ts";

/** The wait after a poll that could not be sent, in milliseconds; it doubles up to the longest. */
const FIRST_RETRY = 1_000;
const LONGEST_RETRY = 300_000;

/** Polls from now on. Returns undefined unless `start` or the event runs. */
export function polling(
	life: Life,
	every: number,
	now: number,
): Life | undefined {
	const isStarting = life.phase === "starting" && life.endsBy !== undefined;
	return isStarting || life.phase === "running"
		? { ...life, poll: { every, nextAt: now + every, failures: 0 } }
		: undefined;
}

export function isPollDue({ phase, poll }: Life, now: number): boolean {
	return phase === "running" && poll !== undefined && poll.nextAt <= now;
}

/** Records that the due poll was sent, or plans its retry. Missed polls are skipped. */
export function polled(life: Life, isSent: boolean, now: number): Life {
	const { poll } = life;
	if (!poll || !isPollDue(life, now)) return life;
	const failures = isSent ? 0 : poll.failures + 1;
	const missed = Math.floor((now - poll.nextAt) / poll.every);
	const nextAt = isSent
		? poll.nextAt + (missed + 1) * poll.every
		: now + Math.min(FIRST_RETRY * 2 ** (failures - 1), LONGEST_RETRY);
	return { ...life, poll: { ...poll, nextAt, failures } };
}
