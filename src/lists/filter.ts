/**
 * Parses the filter language that every list, count, job and command understands, such as
 * `name:order.** state:dead tag.customer:c42 since:2h`. It looks nothing up.
 */
import type { Cause } from "../event/envelope.ts";
import { RefusedError } from "../event/errors.ts";
import { isPattern } from "../event/name.ts";
import { show } from "../event/validation.ts";

/** All states of events and deliveries that a filter can name. */
export const STATES = [
	"scheduled",
	"queued",
	"retrying",
	"waiting",
	"delivered",
	"dead",
	"replaying",
	"resolved",
	"discarded",
	"cancelled",
	"ignored",
] as const;

type State = (typeof STATES)[number];

export const CAUSES = [
	"exhausted",
	"expired",
	"non_retryable",
	"schema_violation",
	"unknown_handler",
	"unreachable",
	"newer_version",
	"unreadable",
	"payload_missing",
	"crashed",
	"abandoned",
] as const satisfies readonly Cause[];

/** A parsed filter. An item matches if it has all given members. */
export interface Filter {
	/** The id of an event. */
	id?: string;
	/** An event name, or a pattern of names. */
	name?: string;
	/** An id of a handler. Each `*` is any run of characters, and `\*` is the character `*`. */
	handler?: string;
	state?: State;
	cause?: Cause;
	tags?: Readonly<Record<string, string>>;
	/** The reason of a group of dead letters. */
	reason?: string;
	/** A part of the error or of the body, in any case. */
	text?: string;
	/** Epoch milliseconds, inclusive. */
	since?: number;
	/** Epoch milliseconds, exclusive. */
	until?: number;
}

const WORDS = [
	"id",
	"name",
	"handler",
	"state",
	"cause",
	"text",
	"since",
	"until",
] as const;

/** What a list knows, in contrast to others. */
interface ListWords {
	/** Words that only this list has. */
	words?: readonly "reason"[];
	/** Default: all. A state of another list is read, and the list says why it has none. */
	states?: readonly State[];
}

const MOST_CHARACTERS = 1_000;
const TAG = "tag.";

/** A word and its value. A value with spaces is in quotes, in which `\` escapes a quote or itself. */
const TERM =
	/([A-Za-z]+(?:\.[A-Za-z][A-Za-z0-9_-]*)?):(?:"((?:[^"\\]|\\["\\])*)"|([^\s"]+))(?=\s|$)/y;

/**
 * Parses a filter. An empty or absent text matches everything.
 *
 * @param now epoch milliseconds, from which `since:2h` counts back
 * @throws RefusedError `invalid_request` that names the wrong word and the known ones
 */
export function parseFilter(
	text: string | undefined,
	now: number,
	list: ListWords = {},
): Filter {
	if (text === undefined) return {};
	if (text.length > MOST_CHARACTERS)
		throw refused(
			`it has ${text.length} characters; give at most ${MOST_CHARACTERS}`,
		);
	const filter: { -readonly [Key in keyof Filter]: Filter[Key] } = {};
	const tags: Record<string, string> = {};
	const words: readonly string[] = [...WORDS, ...(list.words ?? [])];
	const known = `use ${words.join(", ")} or tag.<key>`;
	for (const [word, value] of termsOf(text, known)) {
		const isTag = word.startsWith(TAG);
		if (!isTag && !words.includes(word))
			throw refused(`unknown word ${show(word)}; ${known}`);
		if (Object.hasOwn(isTag ? tags : filter, word.replace(TAG, "")))
			throw refused(`${show(word)} is given twice; give it once`);
		if (isTag) tags[word.slice(TAG.length)] = value;
		else
			Object.assign(filter, {
				[word]: readValue(word as Word, value, now, list),
			});
	}
	if (Object.keys(tags).length > 0) filter.tags = tags;
	if (filter.since !== undefined && filter.until !== undefined)
		if (filter.since >= filter.until)
			throw refused("since is not before until; give an earlier since");
	return filter;
}

type Word = (typeof WORDS)[number] | "reason";

function termsOf(text: string, known: string): [word: string, value: string][] {
	const terms: [string, string][] = [];
	const trimmed = text.trim();
	let at = 0;
	while (at < trimmed.length) {
		TERM.lastIndex = at;
		const match = TERM.exec(trimmed);
		if (!match) {
			const [rest = ""] = trimmed.slice(at).split(/\s/);
			throw refused(
				`${show(rest)} is not <word>:<value>; ${isPattern(rest) ? `give name:${rest} for events of this name, or ` : ""}${known}, and quote a value that has spaces`,
			);
		}
		const [whole, word = "", quoted, plain = ""] = match;
		terms.push([word, unquoted(quoted, plain)]);
		at += whole.length;
		while (/\s/.test(trimmed[at] ?? "")) at++;
	}
	return terms;
}

/** Replaces the value of a tag by `…`, where it is the given one. */
export function withoutTag(text: string, key: string, value: string): string {
	return text.replace(
		new RegExp(TERM.source, "g"),
		(term: string, word: string, quoted?: string, plain = "") =>
			word === TAG + key && unquoted(quoted, plain) === value
				? `${word}:…`
				: term,
	);
}

function unquoted(quoted: string | undefined, plain: string): string {
	return quoted?.replace(/\\(.)/g, "$1") ?? plain;
}

function readValue(
	word: Word,
	value: string,
	now: number,
	{ states = STATES }: ListWords,
): string | number {
	switch (word) {
		case "since":
		case "until":
			return instantOf(word, value, now);
		case "state":
			return oneOf(word, value, STATES, states);
		case "cause":
			return oneOf(word, value, CAUSES, CAUSES);
		case "name":
			// The name of an app's event contains more characters, and is matched exactly.
			if (isPattern(value) || value.startsWith("@")) return value;
			throw refused(
				`name: ${show(value)} is not a name or a pattern; give one such as order.paid or order.**`,
			);
		default:
			if (value !== "") return value;
			throw refused(`${word}: the value is empty; give one, or leave it out`);
	}
}

function oneOf<Value extends string>(
	word: string,
	value: string,
	known: readonly Value[],
	usable: readonly Value[],
): Value {
	if ((known as readonly string[]).includes(value)) return value as Value;
	throw refused(`${word}: ${show(value)} is unknown; use ${usable.join(", ")}`);
}

const UNITS = {
	s: 1_000,
	m: 60_000,
	h: 3_600_000,
	d: 86_400_000,
	w: 604_800_000,
};
const AGE = /^(\d+(?:\.\d+)?)([smhdw])$/;
const INSTANT =
	/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/;

/** Reads `2h`, or an RFC 3339 date-time, whose seconds may be left out. */
function instantOf(word: string, value: string, now: number): number {
	const age = AGE.exec(value);
	if (age) return now - Number(age[1]) * UNITS[age[2] as keyof typeof UNITS];
	const at = isInstant(value) ? Date.parse(value) : Number.NaN;
	if (!Number.isNaN(at)) return at;
	throw refused(
		`${word}: ${show(value)} is not a time; give an age such as 30m, 2h or 7d, or a date-time such as 2027-01-14T15:00Z`,
	);
}

/** `Date.parse` reads 30 February as 2 March, and a bulk action would then act on more. */
function isInstant(value: string): boolean {
	if (!INSTANT.test(value)) return false;
	const minute = value.slice(0, 16);
	const wall = new Date(`${minute}Z`);
	return !Number.isNaN(wall.getTime()) && wall.toISOString().startsWith(minute);
}

function refused(why: string): RefusedError {
	return new RefusedError("invalid_request", `q: ${why}`);
}
