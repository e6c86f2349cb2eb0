/** A job: an action on everything that matches a filter, with its progress. Types only. */
import type { Failure } from "../event/failure.ts";

export const ACTIONS = ["replay", "discard", "cancel"] as const;

/**
 * - `replay`, `discard`: dead letters
 * - `cancel`: scheduled events
 */
export type Action = (typeof ACTIONS)[number];

/** A job as callers see it. Times are in epoch milliseconds. */
export interface Job {
	id: string;
	action: Action;
	/** The filter, as it was given. */
	q: string;
	/** `stopped` by a caller. */
	state: "running" | "done" | "stopped";
	/** How many matched when the job started. */
	count: number;
	/** How many it has acted on. Never decreases while it runs. */
	done: number;
	/** How many it could not act on. */
	failed: number;
	left: number;
	/** The first ten that it could not act on, and why. */
	errors: readonly { id: string; reason: string }[];
	/** The id of the API key that started it. */
	by: string;
	startedAt: number;
	/** Null while it runs. */
	endedAt: number | null;
}

/** One batch of a job. */
export interface Step {
	action: Action;
	q: string;
	/** Items that changed after this are not acted on, in epoch milliseconds. */
	startedAt: number;
	/** Where the batch begins; null for the first one. */
	cursor: string | null;
}

export interface StepResult {
	done: number;
	/** Those that could not be acted on, and why. */
	errors: readonly { id: string; reason: string }[];
	/** Where the next batch begins; null if this was the last. */
	cursor: string | null;
	/** The batch was interrupted by this: it is run again from its start. */
	outage?: Failure;
}
