/** Sends entries to the journal. Nothing waits for it, and its failure changes nothing but the log. */
import { isSelftestName } from "../event/name.ts";
import type { Observe, Transition } from "../event/transition.ts";
import { log } from "../platform/log.ts";
import type { JournalStore } from "../ports.ts";
import { countsOf } from "./counters.ts";
import { type Entry, hasFailed } from "./entry.ts";
import { pageOf } from "./page.ts";
import { type JournalOptions, Recorder } from "./recorder.ts";

/** Between two log lines about a journal that fails, in milliseconds. */
const LOG_INTERVAL = 60_000;

export class JournalWriter {
	readonly options: JournalOptions;
	readonly store: JournalStore;
	readonly #background: (sending: Promise<void>) => void;
	readonly #clock: () => number;
	/** Calls that failed, and that no later call has counted yet. */
	#missed = 0;
	#loggedAt = Number.NEGATIVE_INFINITY;

	/** @param background lets a promise outlive the request or the batch */
	constructor(
		options: JournalOptions,
		store: JournalStore,
		clock: () => number,
		background: (sending: Promise<void>) => void,
	) {
		this.options = options;
		this.store = store;
		this.#clock = clock;
		this.#background = background;
	}

	/** Returns a recorder for one batch or request; null if the Worker does not declare the journal. */
	startRecording(): Recorder | null {
		return this.store.isDeclared() ? new Recorder(this.options) : null;
	}

	/** Sends what was recorded in one call, in the background. Never throws. */
	record(recorder: Recorder): void {
		this.#background(this.#send(recorder));
	}

	/** Never rejects. */
	async #send(recorder: Recorder): Promise<void> {
		// Taken at once: two calls at a time must not both count them.
		const missed = this.#missed;
		this.#missed = 0;
		try {
			const entries = recorder.entries();
			if (entries.length === 0) {
				this.#missed += missed;
				return;
			}
			const counts = countsOf(entries);
			if (missed > 0) counts.events.missed = missed;
			const recorded =
				this.options.record === "all" ? entries : entries.filter(isRecorded);
			const page = recorded.length > 0 ? await pageOf(recorded) : null;
			await this.store.record(page, counts);
		} catch (error) {
			this.#missed += missed + 1;
			const now = this.#clock();
			if (now - this.#loggedAt < LOG_INTERVAL) return;
			this.#loggedAt = now;
			log("journal_failed", { error });
		}
	}
}

/** The entries of a run of the selftest are its result. */
function isRecorded(entry: Entry): boolean {
	return hasFailed(entry) || isSelftestName(entry.name);
}

/** Transitions that callers cause. The consumer records all others. */
const OF_CALLERS: readonly Transition["type"][] = [
	"scheduled",
	"rescheduled",
	"cancelled",
	"replayed",
	"discarded",
];

/**
 * Returns an observer that also records what callers cause. Transitions that follow each other in one request go in one
 * call: microtasks of one request end before another request runs, so requests share nothing.
 */
export function journalingCalls(
	observe: Observe,
	journal: JournalWriter,
): Observe {
	let open: Recorder | null = null;
	return (transition) => {
		observe(transition);
		if (!OF_CALLERS.includes(transition.type)) return;
		if (!open) {
			const recorder = journal.startRecording();
			if (!recorder) return;
			open = recorder;
			queueMicrotask(() => {
				open = null;
				journal.record(recorder);
			});
		}
		open.observe(transition);
	};
}
