/** `npx tidings key` as a process, in a temporary directory. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
	existsSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	statSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { variablesIn } from "../../cli/dev-vars.ts";
import { LOCAL_API_KEYS, LOCAL_KEY } from "../../examples/shop/local/key.ts";

const root = join(import.meta.dirname, "../..");
let directory: string;

beforeEach(() => {
	directory = mkdtempSync(join(tmpdir(), "tidings-key-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

function run(...args: string[]) {
	const main = join(root, "cli/main.ts");
	return spawnSync(process.execPath, [main, "key", ...args], {
		cwd: directory,
		encoding: "utf8",
	});
}

function fileText(): string {
	return readFileSync(join(directory, "api-keys.json"), "utf8");
}

function modeOf(name: string): number {
	return statSync(join(directory, name)).mode & 0o777;
}

test("a new key is printed once with its entry, and only its digest is stored", () => {
	const { status, stdout } = run("ci", "publish:order.**", "read");
	expect(status).toBe(0);
	expect(readdirSync(directory)).toEqual(["api-keys.json"]);
	expect(modeOf("api-keys.json")).toBe(0o600);
	const [key = ""] = /tid_ci_[A-Za-z0-9_-]{43}$/m.exec(stdout) ?? [];
	const digest = createHash("sha256").update(key).digest("hex");
	expect(JSON.parse(fileText())).toEqual([
		{ id: "ci", scopes: ["publish:order.**", "read"], digest },
	]);
	expect(fileText()).not.toContain(key);
	expect(stdout.split(key)).toHaveLength(2);
	expect(stdout).toContain(JSON.stringify(JSON.parse(fileText())[0]));
	expect(stdout).toContain("npx wrangler secret put API_KEYS < api-keys.json");
});

test("creating a key adds it to the file, and revoking one removes it", () => {
	const ids = () => JSON.parse(fileText()).map(({ id }: { id: string }) => id);
	run("one", "read");
	run("two", "admin");
	expect(ids()).toEqual(["one", "two"]);
	expect(run("--revoke", "one").status).toBe(0);
	expect(ids()).toEqual(["two"]);
	expect(run("--revoke", "two").status).toBe(0);
	expect(ids()).toEqual([]);
});

test("a rotated key has the scopes of the old one, and the old one is valid until it is revoked", () => {
	const keys = () => JSON.parse(fileText());
	run("other", "admin");
	run("ci", "publish:order.**", "read");
	const [, old] = keys();
	expect(run("--rotate", "ci").status).toBe(0);
	const [, first, second] = keys();
	expect(first).toEqual(old);
	expect(second).toEqual({ ...old, digest: expect.any(String) });
	expect(second.digest).not.toBe(old.digest);
	expect(run("--revoke-old", "ci").status).toBe(0);
	expect(keys().slice(1)).toEqual([second]);
	run("--rotate", "ci");
	run("--revoke", "ci");
	expect(keys()).toHaveLength(1);
});

test.each([
	["an id that exists", ["ci", "read"], "already has a key ci"],
	["an invalid id", ["c_i", "read"], '"c_i" is not an id'],
	["a key without scopes", ["other"], "publish:<pattern>, read, admin"],
	["an unknown scope", ["other", "write"], 'invalid scope "write"'],
	["an invalid pattern", ["other", "publish:a*"], 'scope "publish:a*"'],
	["revoking an unknown key", ["--revoke", "other"], "use one of: ci"],
	["rotating an unknown key", ["--rotate", "other"], "use one of: ci"],
	["two options", ["--rotate", "ci", "--revoke", "ci"], "or one of"],
	["an option with two ids", ["--rotate", "ci", "ci"], "with one id"],
	["a local key with an id", ["--local", "ci"], "or one of --local"],
	["an unknown option", ["--force", "ci", "read"], "--force"],
	["a call without arguments", [], "give an id and scopes"],
])("%s is rejected, and the file does not change", (_, args, said) => {
	const entry = { id: "ci", scopes: ["read"], digest: "0".repeat(64) };
	const before = JSON.stringify([entry]);
	writeFileSync(join(directory, "api-keys.json"), before);
	const { status, stdout, stderr } = run(...args);
	expect(status).toBe(2);
	expect(stdout).toBe("");
	expect(stderr).toContain(said);
	expect(fileText()).toBe(before);
});

test("--help prints the scopes, and writes nothing", () => {
	const { status, stdout } = run("--help");
	expect(status).toBe(0);
	expect(stdout).toContain("publish:<pattern>");
	expect(readdirSync(directory)).toEqual([]);
});

describe("a key for local development", () => {
	const path = () => join(directory, ".dev.vars");
	const local = () => readFileSync(path(), "utf8");

	test("is appended to .dev.vars with its digest, and every other line stays", () => {
		const before = "# mine\nMAIL_TOKEN='a b'";
		writeFileSync(path(), before);
		expect(run("--local").status).toBe(0);
		expect(local().startsWith(`${before}\n`)).toBe(true);
		const {
			MAIL_TOKEN,
			TIDINGS_KEY = "",
			API_KEYS = "",
			TIDINGS_LOCAL,
		} = variablesIn(local());
		expect(TIDINGS_LOCAL).toBe("durable");
		expect(MAIL_TOKEN).toBe("a b");
		const digest = createHash("sha256").update(TIDINGS_KEY).digest("hex");
		expect(JSON.parse(API_KEYS)).toEqual([
			{ id: "local", scopes: ["admin"], digest },
		]);
		expect(existsSync(join(directory, "api-keys.json"))).toBe(false);
	});

	test("comes with a durable local run, unless the file has TIDINGS_LOCAL", () => {
		writeFileSync(path(), "TIDINGS_LOCAL=\n");
		expect(run("--local").status).toBe(0);
		expect(local().match(/TIDINGS_LOCAL/g)).toHaveLength(1);
	});

	test("is added only once, to a file that only its owner can read", () => {
		run("--local");
		const first = local();
		expect(modeOf(".dev.vars")).toBe(0o600);
		const { status, stdout } = run("--local");
		expect(status).toBe(0);
		expect(stdout).toContain("has API_KEYS already");
		expect(local()).toBe(first);
	});

	test.each([
		['API_KEYS="the content of api-keys.json"', "API_KEYS in .dev.vars"],
		["TIDINGS_KEY=tid_prod_x", ".dev.vars has TIDINGS_KEY"],
	])("is refused next to %s, and the file does not change", (text, said) => {
		writeFileSync(path(), text);
		const { status, stderr } = run("--local");
		expect(status).toBe(2);
		expect(stderr).toContain(said);
		expect(local()).toBe(text);
	});
});

test("a file that git would commit is reported", () => {
	spawnSync("git", ["init", "-q"], { cwd: directory });
	expect(run("ci", "read").stdout).toContain("does not ignore api-keys.json");
	writeFileSync(join(directory, ".gitignore"), "api-keys.json\n");
	expect(run("--rotate", "ci").stdout).not.toContain("does not ignore");
});

test("local.dev.vars accepts the key that it names", () => {
	const local = readFileSync(join(root, "examples/local.dev.vars"), "utf8");
	expect(local).toContain(LOCAL_KEY);
	expect(local).toContain(`API_KEYS='${LOCAL_API_KEYS}'`);
});

test("no file that a deploy button reads contains a key's digest", () => {
	const files = readdirSync(root, { recursive: true, encoding: "utf8" }).filter(
		(path) =>
			!/node_modules|\.wrangler|dist/.test(path) &&
			/\.(dev\.vars|env)\.example$|(^|\/)wrangler\.(toml|jsonc)$/.test(path),
	);
	expect(files).toContain(".dev.vars.example");
	for (const file of files)
		expect(readFileSync(join(root, file), "utf8")).not.toMatch(/[0-9a-f]{64}/);
});
