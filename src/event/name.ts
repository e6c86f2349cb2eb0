/** Checks names of events and patterns, and matches them. It has no state. */
import { RefusedError } from "./errors.ts";

const SEGMENT = /^[A-Za-z0-9_-]+$/;
const NAME = /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/;
const NAME_LENGTH = 128;

/** Returns whether it is a name: 1 to 128 characters, segments of `[A-Za-z0-9_-]+` joined by dots. */
export function isName(name: string): boolean {
	return name.length <= NAME_LENGTH && NAME.test(name);
}

/**
 * Returns whether it is the name of an app's event, or of a canary. An extension publishes and delivers such events.
 */
export function isReservedName(name: string): boolean {
	return name.startsWith("@") || isSelftestName(name);
}

/** Begins the names of the selftest's canaries. */
export const SELFTEST = "tidings.selftest.";

export function isSelftestName(name: string): boolean {
	return name.startsWith(SELFTEST);
}

/** @throws RefusedError `invalid_name` unless it is the name of one event */
export function checkName(name: unknown): asserts name is string {
	if (typeof name === "string" && isName(name) && !isSelftestName(name)) return;
	if (typeof name !== "string")
		throw new RefusedError(
			"invalid_name",
			`name: expected a string, got ${name === null ? "null" : typeof name}; give the name of an event`,
		);
	const value = JSON.stringify(
		name.length > 140 ? `${name.slice(0, 140)}…` : name,
	);
	if (isSelftestName(name))
		throw new RefusedError(
			"invalid_name",
			`name: ${value} is reserved for the selftest; give a name that does not begin with ${SELFTEST}`,
		);
	if (isPattern(name))
		throw new RefusedError(
			"invalid_name",
			`name: ${value} is a pattern; give the name of one event, only handlers accept patterns`,
		);
	throw new RefusedError(
		"invalid_name",
		`name: ${value} is not an event name; give 1 to ${NAME_LENGTH} characters, segments of A-Z a-z 0-9 _ - joined by dots, such as "order.paid"`,
	);
}

/** Returns whether it is a name in which whole segments may be `*` or `**`. */
export function isPattern(pattern: string): boolean {
	return (
		pattern.length <= NAME_LENGTH &&
		pattern
			.split(".")
			.every(
				(segment) =>
					segment === "*" || segment === "**" || SEGMENT.test(segment),
			)
	);
}

/** @throws TypeError unless it is a name or a pattern */
export function checkPattern(pattern: unknown): asserts pattern is string {
	if (typeof pattern === "string" && isSelftestName(pattern))
		throw new TypeError(
			`${JSON.stringify(pattern)} is reserved for the selftest, whose events match no handler; use a name that does not begin with ${SELFTEST}`,
		);
	if (typeof pattern === "string" && isPattern(pattern)) return;
	throw new TypeError(
		`${JSON.stringify(pattern)} is neither a name nor a pattern; give segments of A-Z a-z 0-9 _ -, or * for one segment, ** for any number, joined by dots, at most ${NAME_LENGTH} characters`,
	);
}

/**
 * Returns whether a pattern matches a name: `*` is exactly one segment, `**` zero or more.
 *
 * This is the usual greedy glob algorithm. It backtracks to the last `**` only, so it needs at most
 * segments × segments steps.
 */
export function matches(pattern: string, name: string): boolean {
	if (!pattern.includes("*")) return pattern === name;
	const want = pattern.split(".");
	const have = name.split(".");
	let w = 0;
	let h = 0;
	let lastStars = -1;
	let resumeAt = 0;
	while (h < have.length) {
		if (want[w] === "**") {
			lastStars = w++;
			resumeAt = h;
		} else if (want[w] === "*" || want[w] === have[h]) {
			w++;
			h++;
		} else if (lastStars >= 0) {
			w = lastStars + 1;
			h = ++resumeAt;
		} else {
			return false;
		}
	}
	while (want[w] === "**") w++;
	return w === want.length;
}

/**
 * Returns up to three of these names: those with at most two edits, or a quarter of the name's length, the closest
 * first.
 */
export function closeNames(name: string, names: readonly string[]): string[] {
	const most = Math.max(2, Math.floor(name.length / 4));
	return names
		.map((one) => ({ one, edits: editsBetween(name, one) }))
		.filter(({ edits }) => edits <= most)
		.sort((a, b) => a.edits - b.edits)
		.slice(0, 3)
		.map(({ one }) => one);
}

/** Levenshtein distance, in any case. */
function editsBetween(from: string, to: string): number {
	const a = from.toLowerCase();
	const b = to.toLowerCase();
	let row = Array.from({ length: b.length + 1 }, (_, index) => index);
	for (let i = 1; i <= a.length; i++) {
		const next = [i];
		for (let j = 1; j <= b.length; j++) {
			const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
			next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
		}
		row = next;
	}
	return row[b.length] ?? 0;
}
