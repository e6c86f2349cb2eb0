/**
 * Outcomes of attempts as plain data, which a Worker returns to the Worker that owns the events. It decides nothing.
 */
import { steering } from "../handlers/handler-errors.ts";
import type { Issue } from "./errors.ts";
import { type Failure, serializeError } from "./failure.ts";

/** The outcome of an attempt that returned. */
export type Ended =
	/** `output` is the JSON of the handler's result, if the caller requested it. */
	| { type: "delivered"; output?: string }
	| { type: "failed"; error: Failure; asks?: Asks }
	| { type: "timed_out"; timeout: number }
	| { type: "unparsable"; issues: Issue[] };

export type Outcome =
	| Ended
	/** The attempt did not return: its Worker is reachable, but the call was interrupted. */
	| { type: "crashed"; error: Failure };

/** The request of a handler's branded error: no further attempt, or the next one at this time. */
export type Asks = { stop: true } | { retryAt: number };

/** The report of a Worker on one handler of a call. */
export type Report =
	| Ended
	/** Its Worker has no such handler. */
	| { type: "unknown" }
	/** The call's time ended before the handler began. */
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

/** Reads a report of another Worker. Its deploy may be older or newer than this one. */
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
					`the handler's Worker reported ${JSON.stringify(type)}, which this deploy does not know: deploy the Worker that owns the events`,
				),
			);
	}
}

function issuesOf(value: unknown): Issue[] {
	const issues = Array.isArray(value) ? value : [];
	return serializeError(undefined, issues).issues ?? [];
}
