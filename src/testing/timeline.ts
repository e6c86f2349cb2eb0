/** What happened during a test, one line for each step, as people read it in a failure. */
import type { Transition } from "../event/transition.ts";

/** Most lines of a timeline. */
const MOST = 200;

export class Timeline {
	readonly #lines: string[] = [];

	add(transition: Transition): void {
		const { type, at, id, event } = transition;
		const about = [
			"handler" in transition && transition.handler,
			"attempt" in transition && `attempt ${transition.attempt}`,
			"cause" in transition && transition.cause,
			"reason" in transition && transition.reason,
			"error" in transition &&
				`${transition.error.name}: ${transition.error.message}`,
			"dueAt" in transition && `due ${instant(transition.dueAt)}`,
			"retryAt" in transition && `next ${instant(transition.retryAt)}`,
		];
		this.note(at, type, event, id.slice(-12), ...about.filter(Boolean));
	}

	/** @param at epoch milliseconds */
	note(at: number, what: string, ...about: readonly unknown[]): void {
		this.#lines.push(`${instant(at)}  ${what.padEnd(10)}  ${about.join("  ")}`);
	}

	toString(): string {
		const lines = this.#lines;
		if (lines.length === 0) return "nothing happened";
		if (lines.length <= MOST) return lines.join("\n");
		const left = `… ${lines.length - MOST} more …`;
		const half = MOST / 2;
		return [...lines.slice(0, half), left, ...lines.slice(-half)].join("\n");
	}
}

function instant(at: number): string {
	return new Date(at).toISOString();
}
