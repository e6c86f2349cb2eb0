/** JSON as it travels: text made once, and counted in UTF-8 bytes by one function for every door. */
import { RefusedError } from "./errors.ts";

const encoder = new TextEncoder();

/** Bytes of the text in UTF-8. */
export function byteLength(text: string): number {
	return encoder.encode(text).byteLength;
}

/**
 * A body as JSON text.
 *
 * @throws RefusedError `invalid_body` for what JSON cannot carry (undefined, a function, a symbol, a BigInt, a
 * cycle) and for what is nested more than 1 000 deep
 */
export function bodyText(body: unknown): string {
	let text: string | undefined;
	try {
		text = JSON.stringify(body);
	} catch (error) {
		throw new RefusedError(
			"invalid_body",
			`body: JSON cannot carry it: ${error instanceof Error ? error.message.split("\n")[0] : String(error)}`,
		);
	}
	if (text === undefined)
		throw new RefusedError(
			"invalid_body",
			`body: JSON cannot carry ${typeof body}: give null for an event without a body`,
		);
	if (depthOf(text) > MAX_DEPTH)
		throw new RefusedError(
			"invalid_body",
			`body: it is nested more than ${MAX_DEPTH} deep: flatten it`,
		);
	return text;
}

/**
 * Arrays and objects within each other. A body is made JSON again with each retry, from wherever the stack
 * then stands, and that takes stack for each level.
 */
const MAX_DEPTH = 1_000;

/** The deepest nesting of a JSON text. */
function depthOf(text: string): number {
	let depth = 0;
	let deepest = 0;
	let quoted = false;
	for (let i = 0; i < text.length; i++) {
		const character = text[i];
		if (quoted && character === "\\") i++;
		else if (character === '"') quoted = !quoted;
		else if (quoted) continue;
		else if (character === "[" || character === "{")
			deepest = Math.max(deepest, ++depth);
		else if (character === "]" || character === "}") depth--;
	}
	return deepest;
}

/** The longest start of the text whose JSON is at most this many bytes. */
export function cutToBytes(text: string, bytes: number): string {
	// Nearly always: and character by character is slow.
	if (byteLength(JSON.stringify(text)) <= bytes) return text;
	let left = bytes - 2;
	let end = 0;
	for (const character of text) {
		left -= byteLength(JSON.stringify(character)) - 2;
		if (left < 0) break;
		end += character.length;
	}
	return text.slice(0, end);
}
