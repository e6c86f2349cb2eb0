/** Appends a key and the mode of local development to the file that `wrangler dev` reads. It changes no line of it. */
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { variablesFile, variablesIn } from "./dev-vars.ts";
import { keysIn, newKey } from "./key-file.ts";
import { UsageError } from "./usage-error.ts";

const DURABLE = [
	"# Events survive reloads and restarts of `wrangler dev`. A deployed Worker ignores it.",
	"TIDINGS_LOCAL=durable",
];

export interface LocalKey {
	/** `.dev.vars`, or `.env` if only that exists: with `.dev.vars`, wrangler would no longer read it. */
	file: string;
	/** Undefined if the file has keys. */
	key?: string;
}

/**
 * Appends a key with the scope `admin` and its entry, unless the file has keys.
 *
 * @throws UsageError if a variable of the file is in the way
 */
export function addLocalKey(): LocalKey {
	const file = variablesFile(".");
	const text = existsSync(file) ? readFileSync(file, "utf8") : "";
	const added = localKeyFor(file, text);
	if (!added) return { file };
	appendFileSync(file, added.lines, { mode: 0o600 });
	return { file, key: added.key };
}

/**
 * Creates a key, and the lines to append to a text. Returns undefined if the text has keys.
 *
 * @throws UsageError if a variable of the text is in the way
 */
export function localKeyFor(
	file: string,
	text: string,
): { key: string; lines: string } | undefined {
	const { API_KEYS, TIDINGS_KEY, TIDINGS_LOCAL } = variablesIn(text);
	if (API_KEYS !== undefined) {
		if (keysIn(API_KEYS)) return undefined;
		throw new UsageError(
			`API_KEYS in ${file} is not a JSON array of keys; delete its line, and run the command again`,
		);
	}
	if (TIDINGS_KEY !== undefined)
		throw new UsageError(
			`${file} has TIDINGS_KEY, but no API_KEYS that could admit it; delete its line, and run the command again`,
		);
	const { key, entry } = newKey("local", ["admin"]);
	const lines = [
		"# The key that `npx tidings` uses, and its digest, which `wrangler dev` checks. For this machine only.",
		`TIDINGS_KEY=${key}`,
		`API_KEYS='${JSON.stringify([entry])}'`,
		...(TIDINGS_LOCAL === undefined ? DURABLE : []),
	];
	const before = text === "" || text.endsWith("\n") ? "" : "\n";
	return { key, lines: `${before}${lines.join("\n")}\n` };
}
