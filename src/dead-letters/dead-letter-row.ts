/** Converts rows of dead letters. It has no SQL. */
import type {
	DeadLetterState,
	PastFailure,
	StoredDeadLetter,
} from "../event/dead-letter.ts";
import type { Cause } from "../event/envelope.ts";
import { log } from "../platform/log.ts";

export type DeadLetterRow = {
	id: string;
	event: string;
	handler: string;
	cause: Cause;
	head: string;
	body: string | null;
	error: string;
	attempts: number;
	first_failure_at: number;
	last_failure_at: number;
	state: DeadLetterState;
	changed_at: number;
	replays: number;
	is_sent: number;
	/** The replay that failed last; 0 for the first failure. */
	replay: number;
	history: string;
	reason: string;
	deploy: string;
};

export function pastOf({
	lastFailureAt: at,
	attempts,
	replay = 0,
	cause,
	error: { name, message },
}: StoredDeadLetter): PastFailure {
	return {
		at,
		attempts,
		replay,
		cause,
		error: { name, message: message.slice(0, 500) },
	};
}

export function storedOf(row: DeadLetterRow): StoredDeadLetter {
	const { id, handler, cause, body, attempts, state, replays } = row;
	const { replay, deploy } = row;
	return {
		id,
		handler,
		cause,
		body,
		attempts,
		state,
		replays,
		replay,
		deploy,
		...textsOf(row),
		firstFailureAt: row.first_failure_at,
		lastFailureAt: row.last_failure_at,
		changedAt: row.changed_at,
		isSent: row.is_sent === 1,
	};
}

/** One row that cannot be read must not hide the other dead letters of a list. */
function textsOf(
	row: DeadLetterRow,
): Pick<StoredDeadLetter, "head" | "error" | "history"> {
	try {
		return {
			head: JSON.parse(row.head),
			error: JSON.parse(row.error),
			history: JSON.parse(row.history),
		};
	} catch {
		const { id, handler, event: name, first_failure_at: time } = row;
		log("row_unreadable", { deadLetter: id, name, handler });
		// The id is `eventId:handlerId`.
		const event = id.slice(0, id.length - handler.length - 1);
		return {
			head: { id: event, name, time, delay: 0 },
			error: { name: "Error", message: "the stored error cannot be read" },
			history: [],
		};
	}
}
