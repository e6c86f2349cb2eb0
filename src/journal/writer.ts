/** Sends entries to the journal. Nothing waits for it, and its failure changes nothing but the log. */
import { log } from "../platform/log.ts";
import type { JournalStore } from "../ports.ts";
import { countsOf } from "./counters.ts";
import { type Entry, hasFailed } from "./entry.ts";
import { pageOf } from "./page.ts";
import type { JournalOptions } from "./recorder.ts";

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
	#isMissingLogged = false;

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

	/** Records entries in one call, in the background. Never throws. @param collect returns the entries */
	record(collect: () => readonly Entry[]): void {
		if (this.store.isDeclared()) this.#background(this.#send(collect));
		else this.#logMissing();
	}

	#logMissing(): void {
		if (this.#isMissingLogged) return;
		this.#isMissingLogged = true;
		log("object_not_declared", { object: "Journal" });
	}

	/** Never rejects. */
	async #send(collect: () => readonly Entry[]): Promise<void> {
		// Taken at once: two calls at a time must not both count them.
		const missed = this.#missed;
		this.#missed = 0;
		try {
			const entries = collect();
			if (entries.length === 0) {
				this.#missed += missed;
				return;
			}
			const counts = countsOf(entries);
			if (missed > 0) counts.events.missed = missed;
			const recorded =
				this.options.record === "all" ? entries : entries.filter(hasFailed);
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
