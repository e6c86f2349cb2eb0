/**
 * Bounds the nesting and the number of tokens of a JSON text, byte by byte, before it is parsed. A parser needs far
 * more memory and time for brackets than for text. It does not check the syntax.
 */
import { RefusedError } from "../../event/errors.ts";
import { REQUEST_DEPTH, REQUEST_TOKENS } from "../../event/limits.ts";

/** Returns the code of an ASCII character. */
function code(character: string): number {
	return character.charCodeAt(0);
}

const QUOTE = code('"');
const BACKSLASH = code("\\");
const OPENING = [code("["), code("{")];
const CLOSING = [code("]"), code("}")];
const SEPARATING = [code(","), code(":")];

/** What each byte outside of a string does. A table takes half the time of comparisons. */
const DEPTH = new Int8Array(256);
const TOKENS = new Uint8Array(256);
for (const byte of OPENING) DEPTH[byte] = 1;
for (const byte of CLOSING) DEPTH[byte] = -1;
for (const byte of [...OPENING, ...SEPARATING]) TOKENS[byte] = 1;

/**
 * Returns a function that reads the next bytes of one text.
 *
 * @throws RefusedError `invalid_body` for deep nesting, `batch_too_large` for too many tokens
 */
export function jsonBounds(): (bytes: Uint8Array) => void {
	let depth = 0;
	let tokens = 0;
	let isInString = false;
	let isEscaped = false;
	return (bytes) => {
		for (let at = 0; at < bytes.length; at++) {
			const byte = bytes[at] as number;
			if (isInString) {
				// The bytes of a character outside of ASCII are above 127, so none looks like a quote.
				if (isEscaped) isEscaped = false;
				else if (byte === BACKSLASH) isEscaped = true;
				else if (byte === QUOTE) isInString = false;
				continue;
			}
			if (byte === QUOTE) isInString = true;
			depth += DEPTH[byte] as number;
			tokens += TOKENS[byte] as number;
			if (depth > REQUEST_DEPTH)
				throw new RefusedError(
					"invalid_body",
					`the request is nested deeper than ${REQUEST_DEPTH} levels; flatten it`,
				);
			if (tokens > REQUEST_TOKENS)
				throw new RefusedError(
					"batch_too_large",
					`the request has more than ${REQUEST_TOKENS} brackets, commas and colons; send less data in one request`,
				);
		}
	};
}
