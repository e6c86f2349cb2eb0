/**
 * All external dependencies of the core. `config/assemble.ts` creates them once, in two sets: one for callers, which
 * sends again after a failure, and one for the consumer, which does not. A step declares those that it needs:
 * `Pick<Ports, "scheduler" | "clock">`. Types only.
 */
import type { Extension } from "./consume/extension.ts";
import type { Claim } from "./dead-letters/dead-letters-object.ts";
import type {
	DeadLetterGroups,
	DeadLetterPage,
	DeadLetterQuery,
	DeadLetterState,
	NewDeadLetter,
	StateBefore,
	StoredDeadLetter,
} from "./event/dead-letter.ts";
import type { Definition } from "./event/definition.ts";
import type { Erase } from "./event/erasure.ts";
import type { PublishPermission } from "./event/permission.ts";
import type {
	CancelledDelivery,
	DeliveryCancel,
	DeliveryKey,
	DeliveryPosition,
	HourCounts,
	MoveResult,
	RowSearch,
	ScheduledEvent,
	ScheduledRow,
	ShardFigures,
	ShardPosition,
	StoredDelivery,
} from "./event/scheduled-row.ts";
import type { Observe } from "./event/transition.ts";
import type { HandlerWorker } from "./handlers/call.ts";
import type { Job, JobStep, StepResult } from "./jobs/job.ts";
import type { NewJob } from "./jobs/job-table.ts";
import type { Counts } from "./journal/counters.ts";
import type { PagePlace } from "./journal/erase.ts";
import type { EventList, ListCursor } from "./journal/list.ts";
import type { LivesPlace, LivesQuery, LivesResult } from "./journal/lives.ts";
import type { IntervalCounts } from "./journal/minute-table.ts";
import type { Page } from "./journal/page.ts";
import type { JournalCursor, SearchResult } from "./journal/search.ts";
import type { JournalWriter } from "./journal/writer.ts";
import type { NewKey, PublishedKey, Reservation } from "./keys/keys-object.ts";
import type { Filter } from "./lists/filter.ts";
import type { Queues } from "./platform/queues.ts";

export interface Ports {
	readonly queues: Queues;
	readonly scheduler: Scheduler;
	readonly payloads: PayloadStore;
	readonly keys: KeyStore;
	readonly deadLetters: DeadLetterStore;
	readonly jobs: JobStore;
	/** Null if the configuration turns the journal off. */
	readonly journal: JournalWriter | null;
	/** The Workers that run handlers. */
	readonly workers: {
		readonly all: readonly HandlerWorker[];
		/** The Worker that a delivery's handler belongs to. */
		forHandler(id: string): HandlerWorker;
		/** The ids of routes to a handler that another Worker does not have. Leaves out Workers that do not respond. */
		routesWithoutHandler(): Promise<string[]>;
	};
	readonly extension: Extension;
	/** The listed definitions. */
	readonly definitions: readonly Definition[];
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
	/** @param count at most 4 096 */
	newIds(count: number, time: number): string[];
	/** The longest wait of a retry in a queue, in milliseconds. The scheduler stores a delivery that waits longer. */
	readonly retryWait: number;
	/** The trace context of the active span; undefined if it is not traced. */
	activeTrace(): string | undefined;
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
	list(
		after: DeliveryPosition,
		filter: Filter,
		limit: number,
	): Promise<RowSearch<ScheduledEvent>>;
	/** Returns null if it is not scheduled (any more). */
	find(id: string): Promise<ScheduledEvent | null>;
	/**
	 * Counts scheduled events by the hour of their due time. Each shard counts the next 10 000.
	 *
	 * @param since epoch milliseconds, inclusive
	 * @param until epoch milliseconds, exclusive
	 */
	countByHour(since: number, until: number): Promise<HourCounts>;
	/** Lists waiting deliveries, the earliest due time first. */
	listDeliveries(
		after: DeliveryPosition,
		filter: Filter,
		limit: number,
	): Promise<RowSearch<StoredDelivery>>;
	/** Returns null if it does not wait (any more). */
	findDelivery(key: DeliveryKey): Promise<StoredDelivery | null>;
	/** Makes a waiting delivery due now. Returns the name of its event; null if it does not wait (any more). */
	retryDelivery(key: DeliveryKey): Promise<string | null>;
	/** Cancels a delivery, except one of a later replay than `released`. Returns null if it does not wait (any more). */
	cancelDelivery(cancel: DeliveryCancel): Promise<CancelledDelivery | null>;
	/** Cancels the events to erase, whole or as deliveries, with bodies that are stored apart. Reads a number of rows. */
	erase: Erase<ShardPosition>;
	/** Sets missing alarms. */
	watch(): Promise<void>;
	/** Sets missing alarms, too. Returns the figures of each shard. */
	figures(): Promise<ShardFigures[]>;
}

/** Stores bodies that are too large for a message. `until` is in epoch milliseconds. */
export interface PayloadStore {
	put(key: string, text: string, until: number): Promise<void>;
	/** Returns null if the body has expired. */
	get(key: string): Promise<string | null>;
	/** Extends the time of a stored body. It may end a day earlier. Never shortens. Returns false if it has expired. */
	extend(key: string, until: number): Promise<boolean>;
	/** Returns false if there is no such body. A message that refers to it becomes a dead letter. */
	delete(key: string): Promise<boolean>;
}

/** Stores idempotency keys for 24 hours. */
export interface KeyStore {
	/**
	 * Reserves keys, or returns what became of their first use, in the order of the keys. Waits up to five seconds for
	 * calls that have reserved them. An object that does not answer fails only its own keys.
	 */
	reserve(
		keys: readonly NewKey[],
	): Promise<(Reservation | { type: "failed"; error: unknown })[]>;
	/** The events are stored: later calls get these receipts. */
	confirm(published: readonly PublishedKey[]): Promise<void>;
	/** The events were perhaps not stored: the next calls may publish, under the same ids. */
	release(keys: readonly string[]): Promise<void>;
}

/** Stores dead letters, one for each event and handler. */
export interface DeadLetterStore {
	/** A later failure updates the stored dead letter. */
	store(deadLetters: readonly NewDeadLetter[]): Promise<void>;
	/** Lists dead letters, the latest failure first. A call reads 10 000 of them. */
	list(query: DeadLetterQuery): Promise<DeadLetterPage>;
	/** Counts those that match among the next 10 000. @param cursor of the call before */
	count(
		filter: Filter,
		cursor?: string,
	): Promise<{ count: number; cursor?: string }>;
	/** Groups those that match among the next 10 000 by handler, cause and reason. @param cursor of the call before */
	groups(
		filter: Filter,
		cursor?: string,
	): Promise<DeadLetterGroups & { cursor?: string }>;
	/** Number of dead letters by state. At most 10 000 of each are counted. */
	counts(): Promise<Record<DeadLetterState, number>>;
	/** Returns null if no dead letter has this id, or it was discarded. */
	get(id: string): Promise<StoredDeadLetter | null>;
	/**
	 * Claims a dead letter for a replay. Of several calls, one gets the claim. Returns null if there is no such dead
	 * letter.
	 *
	 * @param replays number of replays that the caller has read; if it has grown, the claim is refused
	 * @param again claims one that is replaying or resolved, too
	 */
	claim(id: string, replays: number, again: boolean): Promise<Claim | null>;
	/** The message of a replay was sent. */
	confirmSent(id: string, replay: number): Promise<void>;
	/** Ends a claim whose message was not sent, or whose delivery was cancelled. It is dead, or resolved as before. */
	release(id: string, replay: number, before?: StateBefore): Promise<void>;
	/** A replay was delivered. */
	resolve(id: string, replay: number): Promise<void>;
	/** Returns false if there is no such dead letter. */
	discard(id: string): Promise<boolean>;
	/** Erases and discards dead letters, in any state, with bodies that are stored apart. Reads a number of rows. */
	erase: Erase<string>;
}

/** Runs one batch of a job. The caller retries if it rejects. */
export type RunJobStep = (step: JobStep) => Promise<StepResult>;

/** Runs and stores jobs. */
export interface JobStore {
	start(job: NewJob): Promise<void>;
	get(id: string): Promise<Job | null>;
	/** Lists jobs, the latest first. @param before the id of the last job of the page before */
	list(limit: number, before: string): Promise<Job[]>;
	/** Stops a job after the batch that runs now. Returns false if it does not run. */
	stop(id: string): Promise<boolean>;
}

/** Stores what happened to events. */
export interface JournalStore {
	/** Whether this Worker has the object. Without it, events are delivered as before. */
	isDeclared(): boolean;
	/** @param page of the entries to store; null if only their counts are */
	record(page: Page | null, counts: Counts): Promise<void>;
	/**
	 * Finds entries, the latest first.
	 *
	 * @param from a cursor of the search before
	 * @param limit the most entries
	 */
	search(
		filter: Filter,
		from: JournalCursor | undefined,
		limit: number,
	): Promise<SearchResult>;
	/** Lists events, the latest first. @param from the cursor of the page before. @param limit the most events */
	list(
		filter: Filter,
		from: ListCursor | undefined,
		limit: number,
	): Promise<EventList>;
	/** Finds the next events that match, each once, for a job. Reads a number of pages, which may have none. */
	lives(query: LivesQuery): Promise<LivesResult>;
	/** Finds the ids of the next events that match. An event may be found in several calls. */
	ids(query: LivesQuery): Promise<{ ids: string[]; next?: LivesPlace }>;
	/** Erases one person from a number of pages, with bodies that are stored apart. */
	erase: Erase<PagePlace>;
	/** The counts from one time to another, in epoch milliseconds. @param step length of an interval, in milliseconds */
	counts(since: number, until: number, step: number): Promise<IntervalCounts[]>;
}
