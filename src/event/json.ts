/** Turns bodies into JSON text, counts UTF-8 bytes and cuts text to a size. It knows nothing of events. */
import { RefusedError } from "./errors.ts";
import { isPlain, lossReporter } from "./json-loss.ts";
import { BODY_DEPTH } from "./limits.ts";

const encoder = new TextEncoder();

/** Encoding into one buffer, part by part, is ten times faster than into a new array for each text. */
const buffer = new Uint8Array(65_536);

/** Counts the UTF-8 bytes of a text. */
export function byteLength(text: string): number {
	let bytes = 0;
	for (let from = 0; from < text.length; ) {
		const { read, written } = encoder.encodeInto(text.slice(from), buffer);
		from += read;
		bytes += written;
	}
	return bytes;
}

/**
 * Returns a body as JSON text.
 *
 * @param what names the body, in the error
 * @throws RefusedError `invalid_body` for a value that JSON cannot represent or would change, and for a body nested
 * deeper than 990 levels
 */
export function bodyText(body: unknown, what = "body"): string {
	const text = jsonOf(body, what);
	if (isTooDeep(text))
		throw new RefusedError(
			"invalid_body",
			`${what}: it is nested deeper than ${BODY_DEPTH} levels; flatten it`,
		);
	return text;
}

function jsonOf(body: unknown, what: string): string {
	try {
		return isPlain(body)
			? JSON.stringify(body)
			: JSON.stringify(body, lossReporter(what));
	} catch (error) {
		if (error instanceof RefusedError) throw error;
		const [reason] = (
			error instanceof Error ? error.message : String(error)
		).split("\n");
		throw new RefusedError(
			"invalid_body",
			`${what}: JSON cannot represent it: ${reason}; give plain JSON values`,
		);
	}
}

function isTooDeep(text: string): boolean {
	// Every level needs two brackets, so most texts are too short to be too deep.
	if (text.length <= 2 * BODY_DEPTH) return false;
	let depth = 0;
	let isInString = false;
	for (let i = 0; i < text.length; i++) {
		const character = text[i];
		if (isInString && character === "\\") i++;
		else if (character === '"') isInString = !isInString;
		else if (isInString) continue;
		else if (character === "[" || character === "{") depth++;
		else if (character === "]" || character === "}") depth--;
		if (depth > BODY_DEPTH) return true;
	}
	return false;
}

/** Returns the longest start of the text whose JSON has at most this many bytes. */
export function cutToBytes(text: string, bytes: number): string {
	// The loop over characters is slow, and nearly every text fits.
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
