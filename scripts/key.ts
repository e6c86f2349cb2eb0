/**
 * `npm run key`: creates an API key, prints it once and stores its digest in `api-keys.json`; or revokes a key. It does
 * not deploy the secret.
 */
import { createHash, randomBytes } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { isPattern } from "../src/event/name.ts";

/** An entry of the secret `API_KEYS`. */
interface Key {
	id: string;
	scopes: string[];
	digest: string;
}

const FILE = "api-keys.json";

/** The largest secret of a Worker, in bytes (Cloudflare Workers, limits). */
const SECRET_BYTES = 5_000;

const SCOPES = "publish, publish:<pattern>, read, admin";

const HELP = `Creates an API key for the HTTP API. Stores its digest in ${FILE} and prints the key once.

  npm run key -- <id> <scope>...     create a key
  npm run key -- --rotate <id>       create another key with the same id and scopes; both are valid
  npm run key -- --revoke-old <id>   revoke the older keys of an id
  npm run key -- --revoke <id>       revoke all keys of an id
  npm run key -- --help

An id has 1 to 64 characters of A-Z a-z 0-9 -. Scopes:

  publish             publish any event, cancel and reschedule
  publish:<pattern>   the same for matching names, such as 'publish:order.**'
  read                read events, handlers, dead letters and figures
  admin               all of the above, and replay and discard dead letters

For example: npm run key -- storefront 'publish:order.**' read`;

/** An error of the caller. It is printed without a stack. */
class UsageError extends Error {}

try {
	const { values, positionals } = readArguments();
	const [id, ...scopes] = positionals;
	const { help, rotate, revoke } = values;
	const old = values["revoke-old"];
	const given = rotate ?? old ?? revoke;
	if (help) console.log(HELP);
	else if (
		given !== undefined &&
		(id !== undefined || Object.keys(values).length > 1)
	)
		throw new UsageError(
			`${given}: give one of --rotate, --revoke-old and --revoke, and one id`,
		);
	else if (rotate !== undefined) rotateKey(rotate);
	else if (old !== undefined) revokeKeys(old, (keys) => keys.slice(-1));
	else if (revoke !== undefined) revokeKeys(revoke, () => []);
	else if (id !== undefined) create(id, scopes);
	else throw new UsageError(HELP);
} catch (error) {
	if (!(error instanceof UsageError)) throw error;
	console.error(error.message);
	process.exitCode = 1;
}

function readArguments() {
	try {
		return parseArgs({
			allowPositionals: true,
			options: {
				help: { type: "boolean", short: "h" },
				rotate: { type: "string" },
				"revoke-old": { type: "string" },
				revoke: { type: "string" },
			},
		});
	} catch (error) {
		throw new UsageError(`${(error as Error).message}\n\n${HELP}`);
	}
}

function create(id: string, scopes: string[]): void {
	if (!/^[A-Za-z0-9-]{1,64}$/.test(id))
		throw new UsageError(
			`${JSON.stringify(id)} is not an id; use 1 to 64 characters of A-Z a-z 0-9 -`,
		);
	if (scopes.length === 0)
		throw new UsageError(`${id} has no scope; give at least one of ${SCOPES}`);
	const wrong = scopes.find((scope) => !isScope(scope));
	if (wrong !== undefined)
		throw new UsageError(
			`invalid scope ${JSON.stringify(wrong)}; use ${SCOPES} (in a pattern, * is one segment and ** any number)`,
		);
	const keys = readKeys();
	if (keys.some((key) => key.id === id))
		throw new UsageError(
			`${FILE} already has a key ${id}; choose another id, or replace it with npm run key -- --rotate ${id}`,
		);
	add(keys, id, scopes);
}

/** The older key stays valid until it is revoked, so that its callers can change to the new one. */
function rotateKey(id: string): void {
	const keys = readKeys();
	const { scopes } = keysOf(id, keys).at(-1) as Key;
	add(keys, id, scopes);
}

function add(keys: Key[], id: string, scopes: string[]): void {
	const key = `tid_${id}_${randomBytes(32).toString("base64url")}`;
	const digest = createHash("sha256").update(key).digest("hex");
	writeKeys([...keys, { id, scopes: [...new Set(scopes)], digest }]);
	console.log(`The key ${id} has the scopes ${scopes.join(", ")}. It is printed only once:

  ${key}
`);
	printNextSteps();
}

/** @param remaining selects those of the id's keys that stay valid */
function revokeKeys(id: string, remaining: (keys: Key[]) => Key[]): void {
	const keys = readKeys();
	const known = keysOf(id, keys);
	const revoked = known.length - remaining(known).length;
	writeKeys([...keys.filter((key) => key.id !== id), ...remaining(known)]);
	console.log(`${revoked} keys of ${id} were removed from ${FILE}.\n`);
	printNextSteps();
}

/** Returns the keys of an id, the newest last. */
function keysOf(id: string, keys: Key[]): Key[] {
	const found = keys.filter((key) => key.id === id);
	if (found.length > 0) return found;
	const ids = keys.map((key) => key.id).join(", ") || "none";
	throw new UsageError(`${FILE} has no key ${id}; use one of: ${ids}`);
}

function isScope(scope: string): boolean {
	const [, pattern] = /^publish:(.*)$/s.exec(scope) ?? [];
	return pattern === undefined
		? ["publish", "read", "admin"].includes(scope)
		: isPattern(pattern);
}

function readKeys(): Key[] {
	if (!existsSync(FILE)) return [];
	try {
		const keys = JSON.parse(readFileSync(FILE, "utf8"));
		if (Array.isArray(keys) && keys.every((key) => key?.id)) return keys;
	} catch {
		// Falls through to the error for any other invalid content.
	}
	throw new UsageError(
		`${FILE} is not a JSON array of keys; correct it or delete it`,
	);
}

/** Writes one key a line, for readable diffs. The file is the value of the secret. */
function writeKeys(keys: Key[]): void {
	const lines = keys.map((key) => JSON.stringify(key));
	const text = keys.length > 0 ? `[\n${lines.join(",\n")}\n]\n` : "[]\n";
	if (Buffer.byteLength(text) > SECRET_BYTES)
		throw new UsageError(
			`${FILE} would exceed ${SECRET_BYTES} bytes, the limit of a secret; revoke a key that is not used`,
		);
	writeFileSync(FILE, text);
}

function printNextSteps(): void {
	console.log(`To deploy, replace the secret with the whole file:

  npx wrangler secret put API_KEYS < ${FILE}

For local development:

  printf "API_KEYS='%s'\\n" "$(cat ${FILE})" > .dev.vars

Do not delete ${FILE}. It contains only digests, and git ignores it.`);
}
