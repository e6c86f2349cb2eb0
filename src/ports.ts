/**
 * All external dependencies of the core. `config/assemble.ts` creates them once, in two sets: one for callers, which
 * sends again after a failure, and one for the consumer, which does not. A step declares those that it needs:
 * `Pick<Ports, "scheduler" | "clock">`. Types only.
 */
import type { Extension } from "./consume/extension.ts";
import type {
	DeadLetter,
	DeadLetterQuery,
	NewDeadLetter,
	StoredDeadLetter,
} from "./event/dead-letter.ts";
import type { Definition } from "./event/definition.ts";
import type { PublishPermission } from "./event/permission.ts";
import type {
	MoveResult,
	ScheduledEvent,
	ScheduledRow,
} from "./event/scheduled-row.ts";
import type { Observe } from "./event/transition.ts";
import type { HandlerWorker } from "./handlers/call.ts";
import type { Queues } from "./platform/queues.ts";

export interface Ports {
	readonly queues: Queues;
	readonly scheduler: Scheduler;
	readonly payloads: PayloadStore;
	readonly deadLetters: DeadLetterStore;
	/** The Workers that run handlers. */
	readonly workers: {
		readonly all: readonly HandlerWorker[];
		/** The Worker that a delivery's handler belongs to. */
		forHandler(id: string): HandlerWorker;
	};
	readonly extension: Extension;
	/** The listed definition of a name. */
	definitionOf(name: string): Definition | undefined;
	/** @throws RefusedError `unknown_name` for a name that a strict `createEvents` does not list */
	checkListed(name: string): void;
	/** Epoch milliseconds. */
	clock(): number;
	/** A number from [0, 1). */
	random(): number;
	/** @param time epoch milliseconds, the id's timestamp */
	newId(time: number): string;
	newIds(count: number, time: number): string[];
	/** Calls `expire` after a number of milliseconds. Returns a function that stops the timer. */
	timer(expire: () => void, ms: number): () => void;
	readonly observe: Observe;
}

/** Stores future events and long retries. */
export interface Scheduler {
	/** Stores rows durably. All rows of one call belong to one event id's shard. */
	store(rows: readonly ScheduledRow[]): Promise<void>;
	cancel(id: string, permission: PublishPermission): Promise<MoveResult>;
	/** @param dueAt epoch milliseconds */
	reschedule(
		id: string,
		dueAt: number,
		permission: PublishPermission,
	): Promise<MoveResult>;
	/** Lists scheduled events, the earliest due time first. */
	list(query: {
		/** Size of the page, 1 to 1 000. Default 100. */
		limit?: number | undefined;
		/** The `cursor` of the page before. */
		cursor?: string | undefined;
	}): Promise<{
		scheduled: ScheduledEvent[];
		/** Absent on the last page. */
		cursor?: string;
	}>;
	/** Sets missing alarms. Returns the earliest due time, in epoch milliseconds. */
	watch(): Promise<{ nextDueAt: number | null }>;
}

/** Stores bodies that are too large for a message. `until` is in epoch milliseconds. */
export interface PayloadStore {
	put(key: string, text: string, until: number): Promise<void>;
	/** Returns null if the body has expired. */
	get(key: string): Promise<string | null>;
	/** Extends the time of a stored body. It may end up to a day earlier. Never shortens, and restores no expired body. */
	keep(key: string, until: number): Promise<void>;
}

/** Stores dead letters, one for each event and handler. */
export interface DeadLetterStore {
	/** A later failure updates the stored dead letter. */
	store(deadLetters: readonly NewDeadLetter[]): Promise<void>;
	/** Lists dead letters, the latest failure first. */
	list(query: DeadLetterQuery): Promise<{
		deadLetters: DeadLetter[];
		/** Absent on the last page. */
		cursor?: string;
	}>;
	get(id: string): Promise<StoredDeadLetter | null>;
	/** Marks it as replayed this many times, unless that replay has already died. */
	markReplayed(id: string, replay: number): Promise<void>;
	/** Returns false if there is no such dead letter. */
	discard(id: string): Promise<boolean>;
}
