/**
 * Records what happened, seen from outside of Tidings: the answers to callers, the runs of handlers, and the faults.
 * It must not judge anything.
 */
import type { Receipt, Transition } from "tidings";
import { Allowances } from "./allowances.ts";
import type { Work } from "./platform/isolate.ts";
import type { Told } from "./platform/platform.ts";
import type { Publish, Version } from "./scenario.ts";
import { subjectOf } from "./subjects.ts";

/** One run of a handler. */
export interface Run {
	at: number;
	attempt: number;
	/** The furthest clock that the shard that stored the event has read. */
	clock: number;
	/** Open as long as it neither ended nor failed: its isolate died, or its time was over first. */
	end: "open" | "succeeded" | "failed";
	/** The body that the handler was given: as it was published, or of a replay; undefined when it was neither. */
	body: unknown;
}

/** A call that replays letters, as far as it has come. */
export interface Replay {
	/** Milliseconds. */
	askedAt: number;
	answeredAt?: number;
	/** What it has sent. */
	work: Work;
	/** The body in place of the letters'. */
	edited?: unknown;
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
}

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
	readonly allowances = new Allowances();
	readonly #replays: Replay[] = [];
	/** When the platform last lost or gave up an object's alarm, by its name. */
	readonly lostAlarms = new Map<string, number>();

	publish(event: Publish, body: unknown, at: number): Entry {
		const entry: Entry = {
			...event,
			body,
			publishedAt: at,
			dueAt: at + (event.after ?? 0),
			openCancels: 0,
			owed: new Set(),
			runs: new Map(),
		};
		this.entries.set(event.n, entry);
		return entry;
	}

	/** What the platform and the Worker tell. */
	hear(told: Told): void {
		this.told.push(told);
		this.allowances.hear(told);
		this.#hearOwed(told);
		if (TROUBLES.has(told.what)) this.troubledAt.set(told.where, told.at);
		if (told.what === "alarm_lost" || told.what === "alarm given up")
			this.lostAlarms.set(told.where, told.at);
	}

	/** From these transitions on a delivery is stored somewhere, and has to end. */
	#hearOwed({ what, where, subjects, detail }: Told): void {
		const entry = this.entries.get(Number(subjects[0]));
		const { id, handlers } = (detail ?? {}) as Partial<
			Extract<Transition, { type: "split" }>
		>;
		if (!entry || !id) return;
		entry.id ??= id;
		const owe = (handler: string) => {
			entry.owed.add(handler);
			this.allowances.begin(entry.n, handler);
		};
		if (what === "retrying" || what === "waiting") owe(where);
		if (what === "split") handlers?.forEach(owe);
	}

	replay(replay: Replay): void {
		this.#replays.push(replay);
	}

	/** Replays that were sent for this very delivery. */
	replaysOf(n: number, handler: string): Replay[] {
		const subject = subjectOf(n, handler);
		return this.#replays.filter(({ work }) =>
			work.calls.some(
				({ name, subjects, isDone }) =>
					isDone && name === "retries.send" && subjects.includes(subject),
			),
		);
	}

	run(n: number, handler: string, run: Run): void {
		const entry = this.entries.get(n);
		if (!entry) throw new Error(`nobody published ${n}`);
		const runs = entry.runs.get(handler) ?? [];
		entry.runs.set(handler, runs);
		runs.push(run);
		this.allowances.begin(n, handler);
	}
}
