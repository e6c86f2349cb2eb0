/** Records what happened, seen from outside of Tidings: answers, runs of handlers, and faults. It judges nothing. */
import type { Receipt, Transition } from "tidings";
import type { CallNote, Work } from "../../src/testing/platform/isolate.ts";
import type { Note } from "../../src/testing/platform/worker.ts";
import { Allowances } from "./allowances.ts";
import { AppLedger } from "./apps/app-ledger.ts";
import { Observed } from "./journal/observed.ts";
import { type KeyCall, restoresOf } from "./keys/key-laws.ts";
import { roleOf } from "./queues.ts";
import type { Publish, Version } from "./scenario.ts";
import { allOf, eventOf, subjectOf } from "./subjects.ts";

/** One run of a handler. */
export interface Run {
	at: number;
	attempt: number;
	/** The furthest clock that the shard that stored the event has read. */
	clock: number;
	/** Open if the run neither succeeded nor failed: its isolate died, or its timeout expired. */
	end: "open" | "succeeded" | "failed";
	/** The received body, if it equals the published body or that of a replay; otherwise undefined. */
	body: unknown;
}

/** A call that replays dead letters. */
export interface Replay {
	/** Milliseconds. */
	askedAt: number;
	answeredAt?: number;
	/** The calls that it has made; undefined for the replay of a job. */
	work: Work | undefined;
	/** The edited body. */
	edited?: unknown;
}

export interface Entry extends Publish {
	body: unknown;
	/** Absent if the caller got no receipt. */
	receipt?: Receipt;
	publishedAt: number;
	/** When its handlers may start, as far as callers know. */
	dueAt: number;
	/** When they may start at the latest: a reschedule without an answer may have been performed, or not. */
	latestDueAt: number;
	/** When a cancel returned true. */
	cancelledAt?: number;
	/** Cancels without an answer. They may have been performed. */
	openCancels: number;
	/** Its id, once it is known. */
	id?: string;
	/** The handlers with a stored delivery, from the transitions. */
	owed: Set<string>;
	runs: Map<string, Run[]>;
}

/** Notes about an object that may have lost its alarm. */
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
	readonly notes: Note[] = [];
	/** Time of the last fault of an object, by its name. */
	readonly troubledAt = new Map<string, number>();
	readonly allowances = new Allowances((n) => restoresOf(this.keyCalls, n));
	readonly apps = new AppLedger();
	readonly observed = new Observed();
	/** The replays that jobs sent, by their deliveries. */
	readonly jobReplays = new Map<string, Replay[]>();
	readonly keyCalls: KeyCall[] = [];
	readonly #replays: Replay[] = [];
	/** When the stored body of an event was lost. */
	readonly lostBodies = new Map<number, number>();
	/** Time when an object last lost its alarm, by its name. */
	readonly lostAlarms = new Map<string, number>();

	/** An event with a key may be published again. */
	publish(event: Publish, body: unknown, at: number): Entry {
		const known = this.entries.get(event.n);
		if (known) return known;
		const entry: Entry = {
			...event,
			body,
			publishedAt: at,
			dueAt: at + (event.after ?? 0),
			latestDueAt: at + (event.after ?? 0),
			openCancels: 0,
			owed: new Set(),
			runs: new Map(),
		};
		this.entries.set(event.n, entry);
		return entry;
	}

	/** Records a note of the platform or a transition of the Worker. */
	record(note: Note): void {
		this.notes.push(note);
		this.allowances.record(note);
		this.#recordOwed(note);
		this.#recordJob(note);
		if (note.what === "body lost")
			this.lostBodies.set(Number(note.subjects[0]), note.at);
		if (TROUBLES.has(note.what)) this.troubledAt.set(note.where, note.at);
		if (note.what === "alarm_lost" || note.what === "alarm given up")
			this.lostAlarms.set(note.where, note.at);
	}

	/** After these transitions a delivery is stored somewhere, and must end. */
	#recordOwed({ what, where, subjects, detail }: Note): void {
		const entry = this.entries.get(Number(subjects[0]));
		const { id, handlers } = (detail ?? {}) as Partial<
			Extract<Transition, { type: "split" }>
		>;
		if (!entry || !id) return;
		entry.id ??= id;
		const owe = (handler: string) => {
			// All handlers of a Worker: each gets a delivery later.
			if (handler.endsWith("/*")) return;
			entry.owed.add(handler);
			this.allowances.begin(entry.n, handler);
		};
		if (what === "retrying" || what === "waiting") owe(where);
		if (what === "split") handlers?.forEach(owe);
	}

	/** A job replays in its object, and its cancels are answered only there. */
	#recordJob({ at, what, where, subjects, detail }: Note): void {
		const { by = "", calls = [] } = Object(detail) as {
			by?: string;
			calls?: readonly CallNote[];
		};
		const isOfJobs = by.startsWith("Jobs/") || where.startsWith("Jobs/");
		if (what === "cancelled" && where === "") this.#recordCancel(subjects, at);
		if (!isOfJobs) return;
		if (what === "taken" && roleOf(where) === "retries")
			for (const subject of subjects) {
				const replays = this.jobReplays.get(subject) ?? [];
				const replay = { askedAt: at, work: undefined, edited: undefined };
				this.jobReplays.set(subject, [...replays, replay]);
			}
		// The event may have been cancelled.
		const unknown = [{ name: where, subjects }, ...calls].filter(({ name }) =>
			/^Scheduler\/.*\.cancel$/.test(name),
		);
		if (what === "call failed" || what === "killed")
			for (const call of unknown)
				for (const subject of call.subjects) {
					const entry = this.entries.get(eventOf(subject));
					if (entry) entry.openCancels++;
				}
	}

	#recordCancel(subjects: readonly string[], at: number): void {
		const entry = this.entries.get(eventOf(subjects[0] ?? "-1"));
		if (entry) entry.cancelledAt ??= at;
	}

	replay(replay: Replay): void {
		this.#replays.push(replay);
	}

	/** Returns the replays that were sent for this delivery. */
	replaysOf(n: number, handler: string): Replay[] {
		const own = [subjectOf(n, handler), subjectOf(n, allOf(handler))];
		// After an error, the other queue of its lane may have got the replay too.
		const ofJobs = [...new Set(own)].flatMap(
			(subject) => this.jobReplays.get(subject) ?? [],
		);
		const ofCallers = this.#replays.flatMap((replay) =>
			(replay.work?.calls ?? [])
				.filter(
					({ name, subjects, isDone }) =>
						isDone &&
						roleOf(name) === "retries" &&
						subjects.some((subject) => own.includes(subject)),
				)
				.map(() => replay),
		);
		return [...ofCallers, ...ofJobs];
	}

	/** The edited bodies of the replays of an event. */
	editedBodies(n: number): unknown[] {
		return this.#replays.flatMap(({ edited }) =>
			(edited as { n?: unknown } | undefined)?.n === n ? [edited] : [],
		);
	}

	run(n: number, handler: string, run: Run): void {
		const entry = this.entries.get(n);
		if (!entry) throw new Error(`event ${n} was not published`);
		const runs = entry.runs.get(handler) ?? [];
		entry.runs.set(handler, runs);
		runs.push(run);
		this.allowances.begin(n, handler);
	}
}
