/** `key`: creates an API key, rotates or revokes one. It deploys nothing, and prints a key only once. */
import { spawnSync } from "node:child_process";
import type { Command } from "commander";
import { isPattern } from "../src/event/name.ts";
import type { Context } from "./context.ts";
import { DEV_VARS } from "./dev-vars.ts";
import {
	KEY_FILE,
	type KeyEntry,
	newKey,
	readKeys,
	writeKeys,
} from "./key-file.ts";
import { addLocalKey } from "./local-key.ts";
import { UsageError } from "./usage-error.ts";

const SCOPES = "publish, publish:<pattern>, read, admin";

const HELP = `
The digest is added to ${KEY_FILE}, the value of the secret API_KEYS. An id has 1 to 64 characters of A-Z a-z 0-9 -.
Scopes:

  publish             publish any event, cancel and reschedule
  publish:<pattern>   the same for matching names, such as 'publish:order.**'
  read                read events, handlers, dead letters and figures
  admin               all of the above, and replay and discard dead letters

Example: tidings key storefront 'publish:order.**' read`;

interface KeyOptions {
	local?: true;
	rotate?: string;
	revokeOld?: string;
	revoke?: string;
}

export function keyCommand(program: Command, context: Context): void {
	program
		.command("key [id] [scopes...]")
		.description("create an API key, print it once and store its digest")
		.option("--local", `append a key for local development to ${DEV_VARS}`)
		.option("--rotate <id>", "add a key with the same id and scopes")
		.option("--revoke-old <id>", "revoke all keys of an id but the newest")
		.option("--revoke <id>", "revoke all keys of an id")
		.addHelpText("after", HELP)
		.action((id: string | undefined, scopes: string[], options: KeyOptions) => {
			const [option, ...others] = Object.keys(options);
			if (others.length > 0 || (option !== undefined && id !== undefined))
				throw new UsageError(
					"give an id with scopes, or one of --local, --rotate, --revoke-old and --revoke with one id",
				);
			const { local, rotate, revokeOld, revoke } = options;
			if (local) createLocal(context);
			else if (rotate !== undefined) rotateKey(rotate, context);
			else if (revokeOld !== undefined)
				revokeKeys(revokeOld, (keys) => keys.slice(-1), context);
			else if (revoke !== undefined) revokeKeys(revoke, () => [], context);
			else if (id !== undefined) create(id, scopes, context);
			else
				throw new UsageError("give an id and scopes; see tidings key --help");
		});
}

function createLocal(context: Context): void {
	const { key, file } = addLocalKey();
	context.print({ created: key !== undefined, key }, () => {
		console.log(
			key === undefined
				? `${file} has API_KEYS already. Nothing was changed.`
				: `A key for local development was appended to ${file}.`,
		);
		warnUnlessIgnored(file);
	});
}

function create(id: string, scopes: string[], context: Context): void {
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
			`${KEY_FILE} already has a key ${id}; choose another id, or add a key with tidings key --rotate ${id}`,
		);
	add(keys, id, scopes, context);
}

/** The older key stays valid until it is revoked, so that its callers can change to the new one. */
function rotateKey(id: string, context: Context): void {
	const keys = readKeys();
	const { scopes } = keysOf(id, keys).at(-1) as KeyEntry;
	add(keys, id, scopes, context);
}

function add(
	keys: KeyEntry[],
	id: string,
	scopes: string[],
	context: Context,
): void {
	const { key, entry } = newKey(id, scopes);
	writeKeys([...keys, entry]);
	context.print({ key, entry }, () => {
		console.log(`The key ${id} has the scopes ${scopes.join(", ")}. It is printed only once:

  ${key}

This entry was added to ${KEY_FILE}:

  ${JSON.stringify(entry)}
`);
		printNextSteps();
	});
}

/** @param remaining selects those of the id's keys that stay valid */
function revokeKeys(
	id: string,
	remaining: (keys: KeyEntry[]) => KeyEntry[],
	context: Context,
): void {
	const keys = readKeys();
	const known = keysOf(id, keys);
	const revoked = known.length - remaining(known).length;
	writeKeys([...keys.filter((key) => key.id !== id), ...remaining(known)]);
	context.print({ revoked }, () => {
		console.log(`${revoked} keys of ${id} were removed from ${KEY_FILE}.\n`);
		printNextSteps();
	});
}

/** Returns the keys of an id, the newest last. */
function keysOf(id: string, keys: KeyEntry[]): KeyEntry[] {
	const found = keys.filter((key) => key.id === id);
	if (found.length > 0) return found;
	const ids = keys.map((key) => key.id).join(", ") || "none";
	throw new UsageError(`${KEY_FILE} has no key ${id}; use one of: ${ids}`);
}

function isScope(scope: string): boolean {
	const [, pattern] = /^publish:(.*)$/s.exec(scope) ?? [];
	return pattern === undefined
		? ["publish", "read", "admin"].includes(scope)
		: isPattern(pattern);
}

function printNextSteps(): void {
	console.log(`To deploy, replace the secret with the whole file:

  npx wrangler secret put API_KEYS < ${KEY_FILE}

For local development, create another key with npx tidings key --local.
Do not delete ${KEY_FILE}. It contains only digests.`);
	warnUnlessIgnored(KEY_FILE);
}

/** Git reports 1 for a file that it would commit. Without git or outside of a repository, there is nothing to say. */
function warnUnlessIgnored(file: string): void {
	if (spawnSync("git", ["check-ignore", "-q", file]).status === 1)
		console.log(`\nGit does not ignore ${file}: add it to .gitignore.`);
}
