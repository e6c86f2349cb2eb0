/**
 * All external dependencies of the core. `config/assemble.ts` creates them once, in two sets: one for callers, which
 * sends again after a failure, and one for the consumer, which does not. A step declares those that it needs:
 * `Pick<Ports, "scheduler" | "clock">`. Types only.
 */
import type { Extension } from "./consume/extension.ts";
import type {
	DeadLetterPage,
	DeadLetterQuery,
	NewDeadLetter,
	StoredDeadLetter,
} from "./event/dead-letter.ts";
import type { Definition } from "./event/definition.ts";
import type { PublishPermission } from "./event/permission.ts";
import type {
	MoveResult,
	ScheduledPage,
	ScheduledQuery,
	ScheduledRow,
} from "./event/scheduled-row.ts";
import type { Observe } from "./event/transition.ts";
import type { HandlerWorkers } from "./handlers/call.ts";
import type { Queues } from "./platform/queues.ts";
import type { Timer } from "./platform/timer.ts";

export interface Ports {
	readonly queues: Queues;
	readonly scheduler: Scheduler;
	readonly payloads: PayloadStore;
	readonly deadLetters: DeadLetterStore;
	readonly workers: HandlerWorkers;
	readonly extension: Extension;
	/** The listed definition of a name. */
	definitionOf(name: string): Definition | undefined;
	/** Epoch milliseconds. */
	clock(): number;
	/** A number from [0, 1). */
	random(): number;
	/** @param time epoch milliseconds, the id's timestamp */
	newId(time: number): string;
	newIds(count: number, time: number): string[];
	readonly timer: Timer;
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
	list(query: ScheduledQuery): Promise<ScheduledPage>;
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
	list(query: DeadLetterQuery): Promise<DeadLetterPage>;
	get(id: string): Promise<StoredDeadLetter | null>;
	/** Marks it as replayed this many times, unless that replay has already died. */
	markReplayed(id: string, replay: number): Promise<void>;
	/** Returns false if there is no such dead letter. */
	discard(id: string): Promise<boolean>;
}
