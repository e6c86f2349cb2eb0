/** `npm run key`: makes an API key, shows it once, and keeps its digest in `api-keys.json`; or revokes one. */
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

/** What Cloudflare takes as one secret, in bytes. */
const SECRET_BYTES = 5_000;

const SCOPES = "publish, publish:<pattern>, read, admin";

const HELP = `Makes an API key for the HTTP API. Its digest goes into ${FILE}; the key itself is shown once.

  npm run key -- <id> <scope>...     make one
  npm run key -- --revoke <id>       take one away
  npm run key -- --help

An id has letters, digits and "-", at most 64 of them. The scopes:

  publish             publish any event, cancel and reschedule
  publish:<pattern>   the same for events that match, such as 'publish:order.**'
  read                read events, handlers, dead letters and figures
  admin               all of it, and replay and discard dead letters

For example: npm run key -- storefront 'publish:order.**' read`;

/** Said to whoever called, without a stack. */
class Refusal extends Error {}

try {
	const { values, positionals } = readArguments();
	const [id, ...scopes] = positionals;
	if (values.help) console.log(HELP);
	else if (values.revoke !== undefined) revoke(values.revoke, positionals);
	else if (id !== undefined) make(id, scopes);
	else throw new Refusal(HELP);
} catch (error) {
	if (!(error instanceof Refusal)) throw error;
	console.error(error.message);
	process.exitCode = 1;
}

function readArguments() {
	try {
		return parseArgs({
			allowPositionals: true,
			options: {
				help: { type: "boolean", short: "h" },
				revoke: { type: "string" },
			},
		});
	} catch (error) {
		throw new Refusal(`${(error as Error).message}\n\n${HELP}`);
	}
}

function make(id: string, scopes: string[]): void {
	if (!/^[A-Za-z0-9-]{1,64}$/.test(id))
		throw new Refusal(
			`${JSON.stringify(id)} is no id: use letters, digits and "-", at most 64`,
		);
	if (scopes.length === 0)
		throw new Refusal(`${id} has no scope: give at least one of ${SCOPES}`);
	const wrong = scopes.find((scope) => !isScope(scope));
	if (wrong !== undefined)
		throw new Refusal(
			`${JSON.stringify(wrong)} is no scope: use ${SCOPES}; in a pattern * is one segment and ** any number`,
		);
	const keys = readKeys();
	if (keys.some((key) => key.id === id))
		throw new Refusal(
			`${FILE} has a key ${id} already: choose another id, or revoke it first with npm run key -- --revoke ${id}`,
		);
	const key = `tid_${id}_${randomBytes(32).toString("base64url")}`;
	const digest = createHash("sha256").update(key).digest("hex");
	writeKeys([...keys, { id, scopes: [...new Set(scopes)], digest }]);
	console.log(`The key ${id} may ${scopes.join(", ")}. It is shown only now:

  ${key}
`);
	sayNext();
}

function revoke(id: string, rest: string[]): void {
	if (rest.length > 0)
		throw new Refusal(`--revoke takes one id, not ${rest.join(", ")} as well`);
	const keys = readKeys();
	const left = keys.filter((key) => key.id !== id);
	if (left.length === keys.length) {
		const known = keys.map((key) => key.id).join(", ") || "none";
		throw new Refusal(`${FILE} has no key ${id}: it has ${known}`);
	}
	writeKeys(left);
	console.log(`The key ${id} is out of ${FILE}.\n`);
	sayNext();
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
		// Said below, as for any other content that is not a list of keys.
	}
	throw new Refusal(`${FILE} is not a JSON array of keys: mend or remove it`);
}

/** One key a line, for people and for diffs; as a whole the value of the secret. */
function writeKeys(keys: Key[]): void {
	const lines = keys.map((key) => JSON.stringify(key));
	const text = keys.length > 0 ? `[\n${lines.join(",\n")}\n]\n` : "[]\n";
	if (Buffer.byteLength(text) > SECRET_BYTES)
		throw new Refusal(
			`${FILE} would have more than ${SECRET_BYTES} bytes, which no secret holds: revoke a key that is not used`,
		);
	writeFileSync(FILE, text);
}

function sayNext(): void {
	console.log(`The deployed Worker knows of it after this, which replaces the secret as a whole:

  npx wrangler secret put API_KEYS < ${FILE}

and the local one after this:

  printf "API_KEYS='%s'\\n" "$(cat ${FILE})" > .dev.vars

Keep ${FILE}: it has digests only, and git ignores it.`);
}
