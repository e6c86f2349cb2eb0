/**
 * Finds out whether running attempts wait for something real, such as a file or a connection. Virtual time must not
 * pass meanwhile: their timeouts would expire at once.
 */
import type { Work } from "./platform/isolate.ts";

/** Captured before a test can replace it. */
const { setTimeout } = globalThis;
const { now } = performance;

/** A longer wait does not stop the time, in real milliseconds. */
const LONGEST = 10_000;

/** How long an attempt may wait for what Node does not list, such as signatures, in real milliseconds altogether. */
const UNLISTED = 20;

export class RealWork {
	readonly #running = new Map<Work, { unlisted: number }>();
	#before: ReadonlyMap<string, number> = new Map();
	#since: number | undefined;

	started(work: Work): void {
		if (this.#running.size === 0) this.#before = activeResources();
		this.#running.set(work, { unlisted: UNLISTED });
	}

	ended(work: Work): void {
		this.#running.delete(work);
		this.#since = undefined;
	}

	get isRunning(): boolean {
		return this.#running.size > 0;
	}

	/** Waits a moment if an attempt waits for something real. Returns whether it has waited. */
	readonly wait = async (): Promise<boolean> => {
		if (this.#running.size === 0) return false;
		if (this.#hasResources()) {
			this.#since ??= now.call(performance);
			if (now.call(performance) - this.#since > LONGEST) return false;
			await pause(1);
			return true;
		}
		// They wait neither for a timer nor for a call of the platform, so they may wait for what Node does not list.
		const silent = [...this.#running].filter(
			([{ timers, calls }, { unlisted }]) =>
				unlisted > 0 &&
				timers === 0 &&
				calls.every(({ end }) => end !== "open"),
		);
		if (silent.length === 0) return false;
		for (const [, state] of silent) state.unlisted -= 1;
		await pause(1);
		return true;
	};

	#hasResources(): boolean {
		return [...activeResources()].some(
			([kind, count]) => count > (this.#before.get(kind) ?? 0),
		);
	}
}

/** How many resources of each kind keep the process alive. */
function activeResources(): Map<string, number> {
	const counts = new Map<string, number>();
	for (const kind of process.getActiveResourcesInfo())
		if (kind !== "Immediate") counts.set(kind, (counts.get(kind) ?? 0) + 1);
	return counts;
}

/** @param ms real milliseconds */
function pause(ms: number): Promise<void> {
	return new Promise((resolve) => {
		setTimeout(resolve, ms);
	});
}
