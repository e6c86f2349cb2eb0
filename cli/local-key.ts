/** Appends a key and the mode of local development to `.dev.vars`, which `wrangler dev` reads. It changes no line of the file. */
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { DEV_VARS, variablesIn } from "./dev-vars.ts";
import { keysIn, newKey } from "./key-file.ts";
import { UsageError } from "./usage-error.ts";

const DURABLE = [
	"# Events survive reloads and restarts of `wrangler dev`. A deployed Worker ignores it.",
	"TIDINGS_LOCAL=durable",
];

/**
 * Appends a key with the scope `admin` and its entry, unless the file has keys. Returns the key, or undefined if the file
 * has keys.
 *
 * @throws UsageError if a variable of the file is in the way
 */
export function addLocalKey(): string | undefined {
	const text = existsSync(DEV_VARS) ? readFileSync(DEV_VARS, "utf8") : "";
	const { API_KEYS, TIDINGS_KEY, TIDINGS_LOCAL } = variablesIn(text);
	if (API_KEYS !== undefined) {
		if (keysIn(API_KEYS)) return undefined;
		throw new UsageError(
			`API_KEYS in ${DEV_VARS} is not a JSON array of keys; delete its line, and run the command again`,
		);
	}
	if (TIDINGS_KEY !== undefined)
		throw new UsageError(
			`${DEV_VARS} has TIDINGS_KEY, but no API_KEYS that could admit it; delete its line, and run the command again`,
		);
	const { key, entry } = newKey("local", ["admin"]);
	const lines = [
		"# The key that `npx tidings` uses, and its digest, which `wrangler dev` checks. For this machine only.",
		`TIDINGS_KEY=${key}`,
		`API_KEYS='${JSON.stringify([entry])}'`,
		...(TIDINGS_LOCAL === undefined ? DURABLE : []),
	];
	const before = text === "" || text.endsWith("\n") ? "" : "\n";
	appendFileSync(DEV_VARS, `${before}${lines.join("\n")}\n`, { mode: 0o600 });
	return key;
}
