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
 * @throws RefusedError `invalid_body` for what JSON cannot carry: undefined, a function, a symbol, a BigInt, a cycle
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
	return text;
}

/** The longest start of the text whose JSON is at most this many bytes. */
export function cutToBytes(text: string, bytes: number): string {
	let left = bytes - 2;
	let end = 0;
	for (const character of text) {
		left -= byteLength(JSON.stringify(character)) - 2;
		if (left < 0) break;
		end += character.length;
	}
	return text.slice(0, end);
}
