/**
 * How an attempt ended, as plain data: it crosses from the Worker that ran the handler to the one that owns
 * the events, and what it says of an error is all that is left of it.
 */

import { steering } from "../handlers/handler-errors.ts";
import type { Issue } from "./errors.ts";
import { type Failure, serializeError } from "./failure.ts";

/** How an attempt ended that came back. */
export type Ended =
	/** With the JSON of what it returned, where that was asked for. */
	| { type: "delivered"; output?: string }
	| { type: "failed"; error: Failure; asks?: Asks }
	| { type: "timed_out"; timeout: number }
	| { type: "unparsable"; issues: Issue[] };

export type Outcome =
	| Ended
	/** It did not come back: its Worker is there, and the call was cut off. */
	| { type: "crashed"; error: Failure };

/** What a handler asks for by the brand of its error: no further attempt, or the next one then. */
export type Asks = { stop: true } | { retryAt: number };

/** What became of one handler of a call, as its Worker tells it. */
export type Report =
	| Ended
	/** Its Worker has no such handler. */
	| { type: "unknown" }
	/** The call's time was over before it. */
	| { type: "not_begun" };

export function failed(thrown: unknown): Ended {
	const asks = steering(thrown);
	return {
		type: "failed",
		error: serializeError(thrown),
		...(asks && { asks }),
	};
}

export function crashed(error: unknown): Outcome {
	return { type: "crashed", error: serializeError(error) };
}

/** A report as another Worker made it, whose deploy may be older or newer than this one. */
export function reportOf(value: unknown): Report {
	const { type, error, asks, timeout, issues, output } = Object(value);
	switch (type) {
		case "delivered":
			return typeof output === "string" ? { type, output } : { type };
		case "unknown":
		case "not_begun":
			return { type };
		case "failed": {
			const described = serializeError(error);
			const { stop, retryAt } = Object(asks);
			if (stop === true)
				return { type, error: described, asks: { stop: true } };
			return Number.isFinite(retryAt)
				? { type, error: described, asks: { retryAt } }
				: { type, error: described };
		}
		case "timed_out":
			return { type, timeout: Number(timeout) };
		case "unparsable":
			return { type, issues: issuesOf(issues) };
		default:
			return failed(
				new Error(
					`its Worker reported ${JSON.stringify(type)}, which this deploy of the owner does not know`,
				),
			);
	}
}

function issuesOf(value: unknown): Issue[] {
	const issues = Array.isArray(value) ? value : [];
	return serializeError(undefined, issues).issues ?? [];
}
