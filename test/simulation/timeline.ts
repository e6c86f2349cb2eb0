/** Formats a run for people: one line for each note, with its time. */
import type { Note } from "../../src/testing/platform/worker.ts";
import { type Outcome, START } from "./run.ts";
import { eventOf } from "./subjects.ts";

/** Most lines of a timeline. */
const MOST = 200;

export function timeline({ ledger, violations }: Outcome): string {
	const numbers = new Set(violations.flatMap(({ n }) => n ?? []));
	const lines = ledger.notes
		.filter(
			({ subjects }) =>
				numbers.size === 0 ||
				subjects.length === 0 ||
				subjects.some((subject) => numbers.has(eventOf(subject))),
		)
		.map(lineOf);
	if (lines.length <= MOST) return lines.join("\n");
	const half = MOST / 2;
	const left = lines.length - MOST;
	return [
		...lines.slice(0, half),
		`… ${left} more …`,
		...lines.slice(-half),
	].join("\n");
}

function lineOf({ at, what, where, subjects, detail }: Note): string {
	const about =
		subjects.length > 6 ? `${subjects.length} events` : subjects.join(" ");
	return [
		clock(at - START).padStart(16),
		what.padEnd(18),
		where.padEnd(28),
		about.padEnd(8),
		detailOf(detail),
	]
		.join("  ")
		.trimEnd();
}

/** Days, then hours, minutes and seconds since the start. */
function clock(ms: number): string {
	const days = Math.floor(ms / 86_400_000);
	const time = new Date(ms).toISOString().slice(11, 23);
	return days > 0 ? `${days} d ${time}` : time;
}

function detailOf(detail: unknown): string {
	if (detail instanceof Error) return detail.message;
	if (Array.isArray(detail))
		return detail
			.map((part) => (part instanceof Error ? part.message : shown(part)))
			.join(" ");
	if (typeof detail !== "object" || detail === null) return "";
	const { attempt, cause, reason, dueAt, retryAt, lasting } = detail as Record<
		string,
		unknown
	>;
	return [
		attempt !== undefined && `attempt ${attempt}`,
		cause,
		reason,
		lasting !== undefined && `for ${lasting} ms`,
		dueAt !== undefined && `due ${clock(Number(dueAt) - START)}`,
		retryAt !== undefined && `next ${clock(Number(retryAt) - START)}`,
	]
		.filter(Boolean)
		.join(", ");
}

function shown(part: unknown): string {
	return (typeof part === "string" ? part : JSON.stringify(part)).slice(0, 80);
}
