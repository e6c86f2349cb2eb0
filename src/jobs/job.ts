/** A job: an action on everything that matches a filter, with its progress. Types only. */
import type { Failure } from "../event/failure.ts";

/** All actions, as callers write them. */
export const ACTIONS = [
	"replay",
	"discard",
	"cancel",
	"deliver",
	"erase",
] as const;

/**
 * - `replay`, `discard`: dead letters
 * - `cancel`: scheduled events
 * - `deliver`: events of the journal, to one handler
 * - `erase`: what is stored of one person's events
 */
export type Action = (typeof ACTIONS)[number];

/** What a job does. */
export interface JobRequest {
	action: Action;
	/** A filter. Its words depend on the action. */
	q: string;
	/** The id of the handler that gets the events, for `deliver`. */
	handler?: string | undefined;
	/** `deliver` skips events whose journal shows anything of the handler. */
	onlyIfNeverRan?: boolean | undefined;
}

/** When the last of what `erase` cannot reach ends by itself, in epoch milliseconds. */
export interface Remaining {
	/** Messages in the queues. */
	queues: number;
	/** Large bodies of events that no store lists any more. */
	payloads: number;
	/** Pages of the journal that could not be read; absent if there are none. */
	journal?: number;
}

/** How many items match when a job starts. */
export interface Counted {
	count: number;
	/** More than `count` may match: counting stopped after 50 calls. */
	atLeast?: true;
}

/** A job as callers see it. Times are in epoch milliseconds. */
export interface Job extends JobRequest, Counted {
	id: string;
	/**
	 * The filter. The value of an erased tag is removed from it when the `erase` ends. Another job that still runs keeps
	 * the value until its own end.
	 */
	q: string;
	/** `stopped` by a caller. */
	state: "running" | "done" | "stopped";
	/** How many it has acted on. Never decreases while it runs. */
	done: number;
	/** How many it could not act on. */
	failed: number;
	/** Items not dealt with; with `atLeast`, there may be more. 0 when it is done. */
	left: number;
	/** The first ten that it could not act on, and why. */
	errors: readonly { id: string; reason: string }[];
	/**
	 * How many of what: `scheduled`, `deliveries`, `deadLetters`, `entries` and `payloads` that were erased; `skipped`
	 * events, and `unreadablePages` of the journal, of which at most 1 000 are counted.
	 */
	counts: Readonly<Record<string, number>>;
	/** Present at the end of an `erase`. */
	remaining?: Remaining;
	/** The id of the API key that started it. */
	by: string;
	/** Nothing that happens later is a part of the job. */
	startedAt: number;
	/** Null while it runs. */
	endedAt: number | null;
}

/** One batch of a job. */
export interface JobStep extends JobRequest {
	/** The id of the API key that started the job. */
	by: string;
	/** Items that changed after this are not acted on, in epoch milliseconds. */
	startedAt: number;
	/** Where the batch begins; null for the first one. */
	cursor: string | null;
}

/** What one batch has done. */
export interface StepResult {
	/** Items that it has acted on. */
	done: number;
	/** Those that could not be acted on, and why. */
	errors: readonly { id: string; reason: string }[];
	counts?: Readonly<Record<string, number>>;
	remaining?: Remaining;
	/** When the job starts over after its last batch, in epoch milliseconds; absent if this batch does not need it. */
	againAt?: number;
	/** Where the next batch begins; null if this was the last. */
	cursor: string | null;
	/** The batch was interrupted by this: it is run again from `cursor`. */
	outage?: Failure;
}

/** Counts a part. Returns the sum so far, and where the next part begins; null at the end. */
export type CountPart = (
	cursor: string | null,
) => Promise<{ sum: number; next: string | null }>;
