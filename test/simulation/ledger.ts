/**
 * What really happened, seen from outside of Tidings: what callers were answered, what handlers did, and what
 * the platform did to whom. It takes notes and judges nothing.
 */
import type { Receipt, Transition } from "tidings";
import type { Told } from "./platform/platform.ts";
import type { Publish, Version } from "./scenario.ts";

/** One run of a handler. */
export interface Run {
	at: number;
	attempt: number;
	/** The furthest that any clock had been. */
	clock: number;
	/** Open as long as it neither ended nor failed: its isolate died, or its time was over first. */
	end: "open" | "succeeded" | "failed";
	/** Whether the handler was given the body as it was published. */
	isIntact: boolean;
}

export interface Entry extends Publish {
	body: unknown;
	/** Whether the caller was answered with a receipt. */
	receipt?: Receipt;
	publishedAt: number;
	/** When its handlers may begin, as far as callers know. */
	dueAt: number;
	/** When a cancel was answered with true. */
	cancelledAt?: number;
	/** Cancels that were not answered: one may have been done. */
	openCancels: number;
	/** Its id, once anybody has told of it. */
	id?: string;
	/** The handlers that it has a delivery for, as the product told. */
	owed: Set<string>;
	runs: Map<string, Run[]>;
	/** What the platform did that may bring it twice, or cost it tries. */
	excuses: string[];
	/** Replays of its letters that were asked for, answered or not. */
	replays: number;
}

/** What the platform tells that may run a handler once more, or use up a try. */
const EXCUSES = new Set([
	"killed",
	"died",
	"call lost",
	"crash_before",
	"crash_after",
	"lied",
	"halfway",
	"hung_before",
	"hung_after",
	"reset",
	"duplicated",
	"refused",
	"down",
	"storage_failed",
]);

/** What the platform tells of an object that may leave it without its alarm. */
const TROUBLES = new Set([
	"alarm_lost",
	"alarm given up",
	"call lost",
	"down",
	"storage_failed",
	"storage_broken",
]);

export class Ledger {
	readonly entries = new Map<number, Entry>();
	readonly deploys: { at: number; version: Version }[] = [];
	readonly told: Told[] = [];
	/** When something last happened to an object, by its name. */
	readonly troubledAt = new Map<string, number>();
	/** How often letters of all events were replayed. */
	#replaysOfAll = 0;
	/** Objects whose alarm the platform lost or gave up. */
	readonly lostAlarms = new Set<string>();

	publish(event: Publish, body: unknown, at: number): Entry {
		const entry: Entry = {
			...event,
			body,
			publishedAt: at,
			dueAt: at + (event.after ?? 0),
			openCancels: 0,
			owed: new Set(),
			runs: new Map(),
			excuses: [],
			replays: 0,
		};
		this.entries.set(event.n, entry);
		return entry;
	}

	/** What the platform and the Worker tell. */
	hear(told: Told): void {
		this.told.push(told);
		if (told.what === "replay all") this.#replaysOfAll++;
		if (told.what === "replay")
			for (const subject of told.subjects) {
				const entry = this.entries.get(Number(subject));
				if (entry) entry.replays++;
			}
		this.#hearOwed(told);
		if (TROUBLES.has(told.what)) this.troubledAt.set(told.where, told.at);
		if (told.what === "alarm_lost" || told.what === "alarm given up")
			this.lostAlarms.add(told.where);
		if (!EXCUSES.has(told.what)) return;
		for (const subject of told.subjects)
			this.entries
				.get(Number(subject))
				?.excuses.push(`${told.what} ${told.where}`);
	}

	/** From these transitions on a delivery is held somewhere, and has to end. */
	#hearOwed({ what, where, subjects, detail }: Told): void {
		const entry = this.entries.get(Number(subjects[0]));
		const { id, handlers } = (detail ?? {}) as Partial<
			Extract<Transition, { type: "split" }>
		>;
		if (!entry || !id) return;
		entry.id ??= id;
		if (what === "retrying" || what === "waiting") entry.owed.add(where);
		if (what === "split")
			for (const handler of handlers ?? []) entry.owed.add(handler);
	}

	/** Replays that may have been done of its letters. */
	replaysOf(n: number): number {
		return this.#replaysOfAll + (this.entries.get(n)?.replays ?? 0);
	}

	run(n: number, handler: string, run: Run): void {
		const entry = this.entries.get(n);
		if (!entry) throw new Error(`nobody published ${n}`);
		const runs = entry.runs.get(handler) ?? [];
		entry.runs.set(handler, runs);
		runs.push(run);
	}
}
