/**
 * Leaves out what wrangler prints at each start and that says nothing about events. A text that it does not know stays.
 */
import { stripVTControlCharacters } from "node:util";

const LINES = [
	/^\s*⛅️ wrangler /,
	/^─+$/,
	/^Using (secrets|vars) defined in /,
	/^⎔ Connection status updated/,
	/\bReady on https?:/,
	/^(\[[\w-]+\] )?\{"tidings":"local_queues_durable"/,
];

/** First lines of blocks. */
const BLOCKS = [
	/ has access to the following bindings:$/,
	/^Service bindings, Durable/,
	/Unable to fetch the `Request.cf` object/,
	/Scheduled Workers are not/,
];

/** Lines that belong to a block: rows of the table of bindings, indented lines, and the cause of a warning. */
const CONTINUES = /^(\s|$|env\.|Binding\b|Error: getaddrinfo)/;

/** Returns a function for each line. Lines without an end in sight are not delayed. */
export function withoutNoise(
	print: (line: string) => void,
): (line: string) => void {
	let isInBlock = false;
	let isEmpty = true;
	return (line) => {
		const bare = stripVTControlCharacters(line).trimEnd();
		if (isInBlock && CONTINUES.test(bare)) return;
		isInBlock = BLOCKS.some((block) => block.test(bare));
		if (isInBlock || LINES.some((known) => known.test(bare))) return;
		// One empty line separates; several are left over from blocks.
		if (bare === "" && isEmpty) return;
		isEmpty = bare === "";
		print(line);
	};
}
