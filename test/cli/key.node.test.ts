/** `npm run key` as a process, in a temporary directory. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
	existsSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { LOCAL_API_KEYS, LOCAL_KEY } from "../../examples/shop/local/key.ts";

const root = join(import.meta.dirname, "../..");
let directory: string;

beforeEach(() => {
	directory = mkdtempSync(join(tmpdir(), "tidings-key-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

function run(...args: string[]) {
	const script = join(root, "scripts/key.ts");
	return spawnSync(process.execPath, [script, ...args], {
		cwd: directory,
		encoding: "utf8",
	});
}

function fileText(): string {
	return readFileSync(join(directory, "api-keys.json"), "utf8");
}

test("a new key is printed once, and only its digest is stored", () => {
	const { status, stdout } = run("ci", "publish:order.**", "read");
	expect(status).toBe(0);
	const [key = ""] = /tid_ci_[A-Za-z0-9_-]{43}$/m.exec(stdout) ?? [];
	const digest = createHash("sha256").update(key).digest("hex");
	expect(JSON.parse(fileText())).toEqual([
		{ id: "ci", scopes: ["publish:order.**", "read"], digest },
	]);
	expect(fileText()).not.toContain(key);
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
	["two options", ["--rotate", "ci", "--revoke", "ci"], "give one of"],
	["an option with two ids", ["--rotate", "ci", "ci"], "and one id"],
	["an unknown option", ["--force", "ci", "read"], "--force"],
])("%s is rejected, and the file does not change", (_, args, said) => {
	run("ci", "read");
	const before = fileText();
	const { status, stdout, stderr } = run(...args);
	expect(status).toBe(1);
	expect(stdout).toBe("");
	expect(stderr).toContain(said);
	expect(fileText()).toBe(before);
});

test("without arguments it prints help and fails; with --help it succeeds", () => {
	const bare = run();
	expect(bare.status).toBe(1);
	expect(bare.stderr).toContain("npm run key -- <id> <scope>...");
	const help = run("--help");
	expect(help.status).toBe(0);
	expect(help.stdout).toContain("npm run key -- <id> <scope>...");
	expect(existsSync(join(directory, "api-keys.json"))).toBe(false);
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
			/\.(dev\.vars|env)\.example$|^wrangler\.toml$/.test(path),
	);
	expect(files).toContain(".dev.vars.example");
	for (const file of files)
		expect(readFileSync(join(root, file), "utf8")).not.toMatch(/[0-9a-f]{64}/);
});
