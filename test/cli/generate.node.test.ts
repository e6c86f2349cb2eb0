/** `npx tidings generate` as a process, in a temporary directory. */
import { spawnSync } from "node:child_process";
import {
	mkdirSync,
	mkdtempSync,
	readFileSync,
	rmSync,
	statSync,
	utimesSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");
let directory: string;

beforeEach(() => {
	directory = mkdtempSync(join(tmpdir(), "tidings-generate-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

function run(...args: string[]) {
	const script = join(root, "scripts/generate.ts");
	return spawnSync(process.execPath, [script, ...args], {
		cwd: directory,
		encoding: "utf8",
	});
}

function write(...paths: string[]): void {
	for (const path of paths) {
		mkdirSync(dirname(join(directory, path)), { recursive: true });
		writeFileSync(join(directory, path), "");
	}
}

const OUT = "src/handlers.generated.ts";

function read(path = OUT): string {
	return readFileSync(join(directory, path), "utf8");
}

/** The imports, and the paths under which modules are registered. */
function importsOf(text: string) {
	return {
		imports: [...text.matchAll(/^import \* as m\d+ from "(.*)";$/gm)].map(
			([, specifier]) => specifier,
		),
		paths: [...text.matchAll(/^\t"(.*)": m\d+,$/gm)].map(([, path]) => path),
	};
}

test("each module of the default directories is imported once and registered by its path, sorted by path", () => {
	write("src/subscribers/welcome.js", "src/handlers/b.ts", "src/handlers/B.ts");
	write("src/handlers/order/mail.ts", "src/handlers/order.ts");
	const { status, stdout } = run("generate");
	expect(status).toBe(0);
	expect(stdout).toBe(`${OUT} imports 5 modules.\n`);
	expect(read()).toContain('import { handlerModules } from "tidings";');
	expect(importsOf(read())).toEqual({
		imports: [
			"./handlers/B.ts",
			"./handlers/b.ts",
			"./handlers/order.ts",
			"./handlers/order/mail.ts",
			"./subscribers/welcome.js",
		],
		paths: [
			"src/handlers/B.ts",
			"src/handlers/b.ts",
			"src/handlers/order.ts",
			"src/handlers/order/mail.ts",
			"src/subscribers/welcome.js",
		],
	});
});

test("tests, declarations, other files, installed packages and the output itself are excluded", () => {
	write("src/handlers/a.ts", "src/handlers/a.test.ts", "src/handlers/a.d.ts");
	write("src/handlers/a.spec.tsx", "src/handlers/deep/a.node.test.mts");
	write("src/handlers/notes.md", "src/handlers/node_modules/p/index.js");
	for (const _ of ["first", "second"]) {
		run("generate", "--out", "src/handlers/all.ts");
		expect(importsOf(read("src/handlers/all.ts")).imports).toEqual(["./a.ts"]);
	}
});

test("given directories and files replace the defaults, and each module is imported once", () => {
	write("src/handlers/a.ts", "packages/x/on.ts", "packages/x/y/on.mts");
	const given = ["./packages/x/y/on.mts", "packages/x/", "packages"];
	expect(run("generate", ...given).status).toBe(0);
	expect(importsOf(read())).toEqual({
		imports: ["../packages/x/on.ts", "../packages/x/y/on.mts"],
		paths: ["packages/x/on.ts", "packages/x/y/on.mts"],
	});
});

test("an empty directory results in no imports", () => {
	mkdirSync(join(directory, "src/handlers"), { recursive: true });
	expect(run("generate").status).toBe(0);
	expect(importsOf(read())).toEqual({ imports: [], paths: [] });
});

test("an unchanged file is not written, so that a file watcher does not restart", () => {
	write("src/handlers/a.ts");
	run("generate");
	const file = join(directory, OUT);
	utimesSync(file, 5, 5);
	run("generate");
	expect(statSync(file).mtimeMs).toBe(5_000);
	write("src/handlers/b.ts");
	run("generate");
	expect(statSync(file).mtimeMs).toBeGreaterThan(5_000);
});

test("--check passes on a current file, with the line ends of any system", () => {
	write("src/handlers/a.ts");
	run("generate");
	expect(run("generate", "--check")).toMatchObject({ status: 0, stderr: "" });
	writeFileSync(join(directory, OUT), read().replaceAll("\n", "\r\n"));
	expect(run("generate", "--check").status).toBe(0);
});

test.each([
	["is missing", () => rmSync(join(directory, OUT)), "is missing"],
	["lacks a module", () => write("src/handlers/new.ts"), "is stale"],
	[
		"imports a deleted module",
		() => rmSync(join(directory, "src/handlers/a.ts")),
		"is stale",
	],
	["was edited", () => write(OUT), "is stale"],
])(
	"--check fails on a file that %s, prints the command, and writes nothing",
	(_, change, said) => {
		write("src/handlers/a.ts", "src/handlers/b.ts");
		run("generate", "src/handlers");
		change();
		const { status, stderr } = run("generate", "--check", "src/handlers");
		expect(status).toBe(1);
		expect(stderr).toBe(
			`${OUT} ${said}; run npx tidings generate src/handlers\n`,
		);
		expect(run("generate", "--check", "src/handlers").status).toBe(1);
		run("generate", "src/handlers");
		expect(run("generate", "--check", "src/handlers").status).toBe(0);
	},
);

test.each([
	[["generate"], "neither src/handlers nor src/subscribers exists"],
	[["generate", "src/nowhere"], "src/nowhere does not exist"],
	[["generate", "src/subscribers"], "create it and write your handlers there"],
	[["generate", "a.test.ts"], "a.test.ts is not a handler module"],
	[["generate", "--out", "here", "a.ts"], "--out: here is not a module"],
	[["generate", "--force"], "--force"],
	[["make"], "npx tidings generate --check"],
	[[], "npx tidings generate --check"],
])("%j fails, and the error names the mistake", (args, said) => {
	write("a.ts", "a.test.ts");
	const { status, stdout, stderr } = run(...args);
	expect(status).toBe(1);
	expect(stdout).toBe("");
	expect(stderr).toContain(said);
	expect(stderr).not.toContain("    at ");
});

test("with --help it prints help", () => {
	const { status, stdout } = run("generate", "--help");
	expect(status).toBe(0);
	expect(stdout).toContain("npx tidings generate [--out");
});

describe("--app", () => {
	const APP = "src/app.generated.ts";
	const event = (name: string) =>
		["start", "handler", "stop"].map((part) => `src/events/${name}/${part}.ts`);

	test("the parts of each event and all tools are imported, sorted by name", () => {
		write(...event("parcel_moved"), ...event("address_changed"));
		write("src/tools/b.js", "src/tools/a.ts");
		const { status, stdout } = run("generate", "--app");
		expect(status).toBe(0);
		expect(stdout).toBe(`${APP} imports the modules of the app.\n`);
		expect(importsOf(read(APP)).imports).toEqual([
			"./events/address_changed/start.ts",
			"./events/address_changed/handler.ts",
			"./events/address_changed/stop.ts",
			"./events/parcel_moved/start.ts",
			"./events/parcel_moved/handler.ts",
			"./events/parcel_moved/stop.ts",
			"./tools/a.ts",
			"./tools/b.js",
		]);
		expect(read(APP)).toContain(`export const handlers = {
	"address_changed": { start: m0, handler: m1, stop: m2 },
	"parcel_moved": { start: m3, handler: m4, stop: m5 },
};

export const tools = {
	"a": m6,
	"b": m7,
};
`);
	});

	test.each(["start", "handler", "stop"])(
		"an event without %s fails with the name of the file, and nothing is written",
		(part) => {
			const missing = `src/events/parcel_moved/${part}.ts`;
			write(...event("parcel_moved").filter((path) => path !== missing));
			const { status, stderr } = run("generate", "--app");
			expect(status).toBe(1);
			expect(stderr).toBe(
				`${missing} is missing; each event needs start, handler and stop\n`,
			);
			expect(() => read(APP)).toThrow("ENOENT");
		},
	);

	test("an app may have only tools, or only events", () => {
		write("tools/src/tools/note.ts");
		write(...event("e").map((path) => `events/${path}`));
		expect(run("generate", "--app", "tools").status).toBe(0);
		expect(read(`tools/${APP}`)).toContain("handlers = {\n};");
		expect(run("generate", "--app", "./events/").status).toBe(0);
		expect(read(`events/${APP}`)).toContain("tools = {\n};");
	});

	test("tests, specs, declarations and files next to the parts are excluded", () => {
		write(...event("e"), "src/events/e/parse.ts", "src/events/notes.md");
		write("src/events/e/start.test.ts", "src/tools/a.ts", "src/tools/b/in.ts");
		write("src/tools/a.test.ts", "src/tools/a.spec.ts", "src/tools/a.d.ts");
		expect(run("generate", "--app").status).toBe(0);
		expect(importsOf(read(APP)).imports).toEqual([
			"./events/e/start.ts",
			"./events/e/handler.ts",
			"./events/e/stop.ts",
			"./tools/a.ts",
		]);
	});

	test("--check passes on a current file, fails on any other, and writes nothing", () => {
		write(...event("e").map((path) => `parcels/${path}`));
		const check = () => run("generate", "--check", "--app", "parcels");
		const command = "run npx tidings generate --app parcels";
		expect(check()).toMatchObject({
			status: 1,
			stderr: `parcels/${APP} is missing; ${command}\n`,
		});
		expect(() => read(`parcels/${APP}`)).toThrow("ENOENT");
		expect(run("generate", "--app", "parcels").status).toBe(0);
		expect(check()).toMatchObject({ status: 0, stdout: "", stderr: "" });
		write("parcels/src/tools/new.ts");
		const before = read(`parcels/${APP}`);
		expect(check()).toMatchObject({
			status: 1,
			stderr: `parcels/${APP} is stale; ${command}\n`,
		});
		expect(read(`parcels/${APP}`)).toBe(before);
	});

	test("a name from the file system is never code", () => {
		const quoted = 'a";globalThis.x=1;"';
		const broken = "app\nglobalThis.x = 1;";
		write(`${broken}/src/tools/${quoted}.ts`, `${broken}/src/tools/b\\.ts`);
		write(...event(quoted).map((path) => `${broken}/${path}`));
		write(...event("__proto__").map((path) => `${broken}/${path}`));
		write(`${broken}/src/tools/__proto__.ts`);
		expect(run("generate", "--app", broken).status).toBe(0);
		const text = read(`${broken}/${APP}`);
		expect(text).not.toMatch(/^globalThis/m);
		const code = text.replaceAll(
			/^import \* as (m\d+) from (".*");$/gm,
			(_, name, specifier) => `const ${name} = ${specifier};`,
		);
		const modules = new Function(
			`${code.replaceAll("export const", "const")}; return { handlers, tools };`,
		)();
		expect(Object.keys(modules.handlers)).toEqual(["__proto__", quoted]);
		expect(Object.entries(modules.tools)).toEqual([
			["__proto__", "./tools/__proto__.ts"],
			[quoted, `./tools/${quoted}.ts`],
			["b\\", "./tools/b\\.ts"],
		]);
		expect(run("generate", "--check", "--app", broken).status).toBe(0);
	});

	test("two files of one tool are rejected, because only one of them would run", () => {
		write("src/tools/a.js", "src/tools/a.ts");
		expect(run("generate", "--app")).toMatchObject({
			status: 1,
			stderr:
				"src/tools/a.js and src/tools/a.ts are the same tool; delete one of them\n",
		});
	});

	test("two folders, and a folder without events and tools, are rejected", () => {
		write(...event("e"));
		expect(run("generate", "--app", ".", "src")).toMatchObject({
			status: 1,
			stderr: "--app: ., src are several folders; give the folder of one app\n",
		});
		const { status, stderr } = run("generate", "--app", "nowhere");
		expect(status).toBe(1);
		expect(stderr).toContain("nowhere/src has neither events/ nor tools/");
	});

	test.each(["email", "calendar", "inbox"])(
		"the generated file of the example %s is current",
		(app) => {
			const script = join(root, "scripts/generate.ts");
			const folder = `examples/inbox/${app}`;
			const args = [script, "generate", "--check", "--app", folder];
			const { status } = spawnSync(process.execPath, args, { cwd: root });
			expect(status).toBe(0);
		},
	);
});
