/** Reads and writes `api-keys.json`, the value of the secret `API_KEYS`. It contains digests, never keys. */
import { createHash, randomBytes } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { UsageError } from "./usage-error.ts";

/** An entry of the secret `API_KEYS`. */
export interface KeyEntry {
	id: string;
	scopes: string[];
	digest: string;
}

export const KEY_FILE = "api-keys.json";

/** The largest secret of a Worker, in bytes (Cloudflare Workers, limits). */
const SECRET_BYTES = 5_000;

/** Creates a key, and the entry that admits it. */
export function newKey(id: string, scopes: readonly string[]) {
	const key = `tid_${id}_${randomBytes(32).toString("base64url")}`;
	const digest = createHash("sha256").update(key).digest("hex");
	const entry: KeyEntry = { id, scopes: [...new Set(scopes)], digest };
	return { key, entry };
}

/** Returns the entries of the file; none without a file. @throws UsageError if the file has other content */
export function readKeys(): KeyEntry[] {
	if (!existsSync(KEY_FILE)) return [];
	const keys = keysIn(readFileSync(KEY_FILE, "utf8"));
	if (keys) return keys;
	throw new UsageError(
		`${KEY_FILE} is not a JSON array of keys; correct it or delete it`,
	);
}

/** Returns the entries of a value of `API_KEYS`, or undefined if it is not one. */
export function keysIn(text: string): KeyEntry[] | undefined {
	try {
		const keys = JSON.parse(text);
		const isValid =
			Array.isArray(keys) && keys.every((key) => key?.id && key.digest);
		return isValid ? keys : undefined;
	} catch {
		return undefined;
	}
}

/**
 * Writes one entry a line, for readable diffs. The file is replaced in one step, so that a crash loses no entry.
 *
 * @throws UsageError if the text would exceed the limit of a secret
 */
export function writeKeys(keys: readonly KeyEntry[]): void {
	const lines = keys.map((key) => JSON.stringify(key));
	const text = keys.length > 0 ? `[\n${lines.join(",\n")}\n]\n` : "[]\n";
	if (Buffer.byteLength(text) > SECRET_BYTES)
		throw new UsageError(
			`${KEY_FILE} would exceed ${SECRET_BYTES} bytes, the limit of a secret; revoke a key that is not used`,
		);
	const next = `${KEY_FILE}.${process.pid}.tmp`;
	writeFileSync(next, text, { mode: 0o600, flag: "wx" });
	renameSync(next, KEY_FILE);
}
