/**
 * Bounds the steps of a regular expression, which JavaScript matches by backtracking. It reads the expression and never
 * runs it.
 */

/** Steps that one match may take: some milliseconds. */
const MAX_STEPS = 1_000_000;

/** A match tries at most `choices` × length ^ `degree` combinations. */
interface Cost {
	degree: number;
	choices: number;
}

/** A part of a sequence: an atom with its quantifier. */
interface Item extends Cost {
	/** The atom, if it matches exactly one character. */
	character?: string;
	/** Whether the number of repetitions varies. */
	isVariable: boolean;
	/** Whether it is the atom alone, without a quantifier. */
	isPlain: boolean;
}

const FIXED: Cost = { degree: 0, choices: 1 };

/** The cost of something that is not bounded. */
const UNBOUNDED: Cost = { degree: Number.POSITIVE_INFINITY, choices: 1 };

/**
 * Returns the longest text that a match may be tried with. 0 for an expression whose steps are not bounded, or that has
 * backreferences, lookbehinds or groups with flags.
 *
 * @param pattern a valid expression with the flag `u`
 */
export function longestText(pattern: string): number {
	const reader = new Reader(pattern);
	const { degree, choices } = reader.alternatives(true);
	// One more for the text itself, and one if a match may begin anywhere.
	const isAnchored = pattern.startsWith("^") && !reader.hasTopAlternatives;
	const starts = reader.isVariable && !isAnchored ? 1 : 0;
	return Math.floor((MAX_STEPS / choices) ** (1 / (1 + degree + starts)));
}

class Reader {
	/** Whether any part repeats a varying number of times. */
	isVariable = false;
	hasTopAlternatives = false;
	readonly #pattern: string;
	#at = 0;

	constructor(pattern: string) {
		this.#pattern = pattern;
	}

	/** Reads alternatives up to the end of their group. Returns the items if there is only one alternative. */
	alternatives(isTop: boolean): Cost & { items?: readonly Item[] } {
		const sequences = [this.#sequence()];
		while (this.#skip(/^\|/)) sequences.push(this.#sequence());
		if (isTop) this.hasTopAlternatives = sequences.length > 1;
		const costs = sequences.map((items) => costOf(items, isTop));
		const [only] = sequences;
		return {
			degree: Math.max(...costs.map(({ degree }) => degree)),
			choices: costs.reduce((sum, { choices }) => sum + choices, 0),
			...(sequences.length === 1 && only && { items: only }),
		};
	}

	#sequence(): Item[] {
		const items: Item[] = [];
		while (this.#at < this.#pattern.length && !/[|)]/.test(this.#next())) {
			// Assertions match no character.
			if (this.#skip(/^(\^|\$|\\[bB])/)) continue;
			items.push(this.#item());
		}
		return items;
	}

	#item(): Item {
		const opening = this.#skip(/^\((\?(:|=|!|<=|<!|<[^>]+>|[a-z-]+:))?/);
		if (opening) {
			const inner = this.alternatives(false);
			this.#at++;
			// With a flag, as in (?i:…), a character matches others than it shows.
			const isUnknown = /^\(\?(<[=!]|[a-z-])/.test(opening);
			return this.#quantified(isUnknown ? UNBOUNDED : inner);
		}
		const character = this.#skip(CHARACTER) ?? "";
		const isReference = /^\\([1-9]|k<)/.test(character);
		return isReference
			? this.#quantified(UNBOUNDED)
			: this.#quantified({ ...FIXED, character });
	}

	#quantified(
		atom: Cost & { character?: string; items?: readonly Item[] },
	): Item {
		const { degree, choices, character, items } = atom;
		const shown = character === undefined ? {} : { character };
		const [min, max] = rangeOf(this.#skip(QUANTIFIER));
		const isPlain = min === 1 && max === 1;
		const isVariable = min !== max;
		this.isVariable ||= isVariable;
		const more = { ...shown, isPlain, isVariable };
		const isFixed = degree === 0 && choices === 1;
		if (max === Number.POSITIVE_INFINITY)
			return isFixed || isDelimited(items)
				? { degree: 1, choices: 1, ...more }
				: { ...UNBOUNDED, ...more };
		return {
			degree: degree * max,
			choices: choices ** max * (max - min + 1),
			...more,
		};
	}

	#next(): string {
		return this.#pattern.charAt(this.#at);
	}

	#skip(part: RegExp): string | undefined {
		const [found] = part.exec(this.#pattern.slice(this.#at)) ?? [];
		this.#at += found?.length ?? 0;
		return found;
	}
}

/** A class, an escape or a literal. */
const CHARACTER =
	/^(\[(\\.|[^\]\\])*\]|\\[pP]\{[^}]*\}|\\u\{[^}]*\}|\\u.{4}|\\x..|\\c.|\\k<[^>]*>|\\[1-9]\d*|\\.|.)/su;

const QUANTIFIER = /^([*+?]|\{\d+(,\d*)?\})\??/;

function rangeOf(quantifier = "{1}"): [min: number, max: number] {
	if (quantifier.startsWith("*")) return [0, Number.POSITIVE_INFINITY];
	if (quantifier.startsWith("+")) return [1, Number.POSITIVE_INFINITY];
	if (quantifier.startsWith("?")) return [0, 1];
	const [, min, comma, max] = /^\{(\d+)(,?)(\d*)/.exec(quantifier) ?? [];
	if (comma === "") return [Number(min), Number(min)];
	return [Number(min), max === "" ? Number.POSITIVE_INFINITY : Number(max)];
}

/** Multiplies the choices of all items, except of those that can stop at one place only. */
function costOf(items: readonly Item[], isTop: boolean): Cost {
	return items.reduce((sum, item, index) => {
		const next = items[index + 1];
		const isRepetition =
			item.character !== undefined ||
			(item.isVariable && item.degree === 1 && item.choices === 1);
		const isLast = isTop && next === undefined && isRepetition;
		if (isLast || stopsBefore(item, next)) return sum;
		return {
			degree: sum.degree + item.degree,
			choices: sum.choices * item.choices,
		};
	}, FIXED);
}

/** Whether a repeated character is followed by a literal that it does not match. */
function stopsBefore(item: Item, next: Item | undefined): boolean {
	const literal = literalOf(next);
	return (
		item.character !== undefined &&
		literal !== undefined &&
		!matches(item.character, literal)
	);
}

/** Whether each repetition of a group begins or ends with a literal that nothing else in the group matches. */
function isDelimited(items: readonly Item[] | undefined): boolean {
	if (!items || items.some(({ character }) => character === undefined))
		return false;
	if (items.filter(({ isVariable }) => isVariable).length > 1) return false;
	return [items[0], items.at(-1)].some((delimiter) => {
		const literal = literalOf(delimiter);
		return (
			literal !== undefined &&
			items.every(
				(item) => item === delimiter || !matches(item.character ?? "", literal),
			)
		);
	});
}

/** The character that a literal without a quantifier matches: `-`, `\\.`. */
function literalOf(item: Item | undefined): string | undefined {
	if (!item?.isPlain || item.character === undefined) return undefined;
	const [, escaped, plain] =
		/^(?:\\([^A-Za-z0-9])|([^\\[.]))$/su.exec(item.character) ?? [];
	return escaped ?? plain;
}

function matches(atom: string, character: string): boolean {
	return new RegExp(`^(?:${atom})$`, "su").test(character);
}
