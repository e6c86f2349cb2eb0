/**
 * `tidings init` in projects as people have them, up to the files that it writes. Wrangler runs them in test/published.
 */
import { execFile } from "node:child_process";
import {
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	statSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import fc from "fast-check";
import { parse as parseJsonc } from "jsonc-parser";
import { parse as parseToml, stringify } from "smol-toml";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { variablesIn } from "../../cli/dev-vars.ts";
import { checkConfig } from "../../cli/doctor/check-config.ts";
import { editConfig } from "../../cli/init/edit-config.ts";
import { editsOf } from "../../cli/init/edits.ts";
import { wrapEntry } from "../../cli/init/entry.ts";
import { type InitOptions, planInit } from "../../cli/init/plan.ts";
import { diffText, Project } from "../../cli/init/project.ts";
import { keysIn } from "../../cli/key-file.ts";
import { UsageError } from "../../cli/usage-error.ts";
import { readWranglerFile } from "../../cli/wrangler-config.ts";
import {
	PROJECTS,
	type ProjectName,
	writeProject,
} from "../published/bare-projects.ts";

let parent: string;

beforeEach(() => {
	parent = mkdtempSync(join(tmpdir(), "tidings-init-"));
});
afterEach(() => rmSync(parent, { recursive: true }));

/** Runs the command once in a folder. Returns its plan and its difference. */
function init(folder: string, options: InitOptions = {}) {
	const project = new Project(folder);
	const config = ["wrangler.jsonc", "wrangler.toml"].find((path) =>
		project.exists(path),
	);
	const plan = planInit(project, config, options);
	const changes = project.changes();
	project.save();
	const path = join(folder, plan.config);
	const found = checkConfig(readWranglerFile(path), options.env ?? "");
	return { ...plan, changes, found, diff: changes.map(diffText).join("\n") };
}

const textOf = (folder: string, path: string) =>
	readFileSync(join(folder, path), "utf8");

const NAMES = Object.keys(PROJECTS) as ProjectName[];

describe.each(NAMES)("%s", (name) => {
	test("doctor finds nothing after init, and a second run changes nothing", () => {
		const folder = writeProject(parent, name);
		const first = init(folder);
		expect(first.found).toEqual([]);
		expect(first.changes.length).toBeGreaterThan(4);
		const second = init(folder);
		expect(second.changes).toEqual([]);
		expect(second.notes).toEqual([]);
	});

	test("the difference is as expected, and keeps every other byte", async () => {
		const folder = writeProject(parent, name);
		await expect(init(folder).diff).toMatchFileSnapshot(`init/${name}.diff`);
	});

	test("an environment gets queues and variables of its own", () => {
		const folder = writeProject(parent, name);
		expect(init(folder, { env: "staging" }).found).toEqual([]);
		const path = join(folder, init(folder, { env: "staging" }).config);
		expect(init(folder, { env: "staging" }).changes).toEqual([]);
		const { environments, top } = readWranglerFile(path);
		const { vars, queues } = environments.staging ?? {};
		expect(vars?.TIDINGS_QUEUES).toMatchObject({
			events: `${name}-staging-events`,
		});
		expect(queues?.consumers).toContainEqual(
			expect.objectContaining({ queue: `${name}-staging-retries` }),
		);
		expect(top.vars?.TIDINGS_QUEUES).toBeUndefined();
		expect(init(folder).notes).toEqual([]);
		expect(checkConfig(readWranglerFile(path))).toEqual([]);
	});
});

const run = promisify(execFile);
const main = join(import.meta.dirname, "../../cli/main.ts");

test("a dry run prints a difference that git applies, and changes nothing; then init makes it, and a second run says that nothing is missing", async () => {
	const cwd = writeProject(parent, "rooms");
	const before = readdirSync(cwd);
	const tidings = async (...args: string[]) =>
		(await run(process.execPath, [main, ...args], { cwd })).stdout;
	const diff = await tidings("init", "--dry-run");
	expect(readdirSync(cwd)).toEqual(before);
	const other = writeProject(join(parent, "other"), "rooms");
	const patch = diff.replace(/^\.dev\.vars: .*$/m, "");
	writeFileSync(join(other, "init.patch"), patch);
	await run("git", ["init", "-q"], { cwd: other });
	await run("git", ["apply", "init.patch"], { cwd: other });
	expect(await tidings("init")).toContain("Next:");
	for (const path of ["wrangler.toml", "src/index.js"])
		expect(textOf(other, path)).toBe(textOf(cwd, path));
	expect(await tidings("init")).toBe("Nothing is missing.\n");
}, 30_000);

test("the key that is created is admitted, its file is readable by its owner only, and no output has it", () => {
	const folder = writeProject(parent, "empty");
	const { diff } = init(folder);
	const { TIDINGS_KEY = "", API_KEYS = "" } = variablesIn(
		textOf(folder, ".dev.vars"),
	);
	expect(keysIn(API_KEYS)).toMatchObject([{ id: "local", scopes: ["admin"] }]);
	expect(statSync(join(folder, ".dev.vars")).mode & 0o777).toBe(0o600);
	expect(diff).not.toContain(TIDINGS_KEY.slice(-20));
	expect(diff).toContain(".dev.vars: secrets are added");
});

test("a project with .env and without .dev.vars gets the key there: wrangler reads only one of them", () => {
	const folder = writeProject(parent, "nightly", { ".env": "SECRET=1\n" });
	init(folder);
	expect(textOf(folder, ".env")).toMatch(/^SECRET=1\n#.*\nTIDINGS_KEY=/);
	expect(() => textOf(folder, ".dev.vars")).toThrow("ENOENT");
	expect(textOf(folder, ".gitignore")).toContain(".env");
});

test("the guide on environments shows what init --env writes", () => {
	const folder = writeProject(parent, "empty", {
		"package.json": '{ "name": "shop" }',
	});
	init(folder);
	init(folder, { env: "staging" });
	const path = join(import.meta.dirname, "../../docs/guides/environments.md");
	const [, block = ""] =
		/```jsonc\n(.*?)```/s.exec(readFileSync(path, "utf8")) ?? [];
	const { env } = parseJsonc(block);
	expect(env.staging.queues.producers).toHaveLength(3);
	expect(parseJsonc(textOf(folder, "wrangler.jsonc")).env).toMatchObject(env);
});

test("a script that runs wrangler dev stays, and the command that changes it is printed once", () => {
	const folder = writeProject(parent, "my-hono");
	expect(init(folder).notes).toContainEqual(
		expect.stringContaining('npm pkg set "scripts.dev=tidings dev"'),
	);
	expect(textOf(folder, "package.json")).toContain('"dev": "wrangler dev"');
	expect(init(folder, { env: "staging" }).notes).toEqual([]);
});

test("other environments are named with the command that configures them", () => {
	const folder = writeProject(parent, "nightly");
	const path = join(folder, "wrangler.toml");
	writeFileSync(path, `${textOf(folder, "wrangler.toml")}\n[env.staging]\n`);
	expect(init(folder).notes).toContainEqual(
		expect.stringContaining("npx tidings init --env staging"),
	);
	expect(init(folder, { env: "staging" }).found).toEqual([]);
	expect(checkConfig(readWranglerFile(path))).toEqual([]);
});

test("a raised compatibility date is reported, and a later one stays", () => {
	const folder = writeProject(parent, "nightly");
	expect(init(folder).notes).toContainEqual(
		expect.stringContaining("The compatibility_date was 2026-01-15"),
	);
	const later = PROJECTS.nightly["wrangler.toml"].replace(
		"2026-01-15",
		"2027-01-15",
	);
	const other = writeProject(join(parent, "later"), "nightly", {
		"wrangler.toml": later,
	});
	expect(init(other).notes).toEqual([]);
	expect(textOf(other, "wrangler.toml")).toContain("2027-01-15");
});

test("a publisher gets a binding to its owner, and no queue", () => {
	const folder = writeProject(parent, "nightly");
	const { found, notes } = init(folder, { publisher: "shop" });
	expect(found).toEqual([]);
	expect(parseToml(textOf(folder, "wrangler.toml"))).toMatchObject({
		services: [
			{
				binding: "EVENTS",
				service: "shop",
				entrypoint: "Publisher",
				props: { app: "nightly", publish: ["**"] },
			},
		],
	});
	expect(textOf(folder, "wrangler.toml")).not.toContain("queues");
	expect(textOf(folder, "src/events-client.ts")).toContain("env.EVENTS");
	expect(notes.join()).toContain("export const Publisher = publisher(events);");
	expect(init(folder, { publisher: "shop" }).changes).toEqual([]);
	expect(() => init(folder, { publisher: "other" })).toThrow(
		"EVENTS in wrangler.toml is of shop, not other",
	);
});

test("a subscriber exports its handlers, and the lines of its owner are printed", () => {
	const folder = writeProject(parent, "my-hono");
	const { found, notes } = init(folder, { subscriber: true });
	expect(found).toEqual([]);
	const entry = textOf(folder, "src/index.ts");
	expect(entry).toContain("export const Subscriber = subscriber(events);");
	expect(entry).toContain("export default app");
	expect(notes.join()).toContain(
		'{"binding":"MY_HONO","service":"my-hono","entrypoint":"Subscriber"}',
	);
	expect(init(folder, { subscriber: true }).changes).toEqual([]);
});

test.each<[error: string, files: Record<string, string>]>([
	[
		"EVENTS_QUEUE in wrangler.toml is of your queue mine",
		{
			"wrangler.toml":
				'name = "a"\n[[queues.producers]]\nbinding = "EVENTS_QUEUE"\nqueue = "mine"\n',
		},
	],
	[
		"src/worker.ts exports Jobs: Tidings has an object of this name",
		{ "src/worker.ts": "export class Jobs {}\n" },
	],
	["main of wrangler.toml is a.py", { "wrangler.toml": 'main = "a.py"\n' }],
	[
		"API_KEYS in .dev.vars is not a JSON array",
		{ ".dev.vars": "API_KEYS=x\n" },
	],
	["src/worker.ts: ", { "src/worker.ts": "export default {" }],
])("%s: nothing is changed", (error, files) => {
	const folder = writeProject(parent, "nightly", files);
	const project = new Project(folder);
	expect(() => planInit(project, "wrangler.toml", {})).toThrow(UsageError);
	expect(() => planInit(project, "wrangler.toml", {})).toThrow(error);
});

const WRAP = { events: "./events", cron: "*/5 * * * *" };
const wrapped = (text: string) => wrapEntry("src/index.ts", text, WRAP);

test.each([
	[
		"an app whose names are taken",
		'import { Hono } from "hono"; const events = [], worker = 1;\nexport default new Hono().get("/", (c) => c.text("a"));\n',
		'import { Hono } from "hono";\nimport { dashboard } from "tidings/dashboard";\nimport { selftest } from "tidings/selftest";\nimport { worker as tidingsWorker } from "tidings/worker";\nimport { events as tidingsEvents } from "./events"; const events = [], worker = 1;\nconst app = new Hono().get("/", (c) => c.text("a"));\n\nexport default tidingsWorker(tidingsEvents, { fetch: app.fetch, dashboard: dashboard(), selftest: selftest() });\nexport * from "tidings/objects";\n',
	],
	[
		"a scheduled without parameter",
		"export default { async scheduled() {\n  await work();\n} };\n",
		'import { dashboard } from "tidings/dashboard";\nimport { selftest } from "tidings/selftest";\nimport { worker } from "tidings/worker";\nimport { events } from "./events";\n\nconst handlers = { async scheduled(controller) {\n  // This is the cron of Tidings.\n  if (controller.cron === "*/5 * * * *") return;\n  await work();\n} };\n\nexport default worker(events, { ...handlers, dashboard: dashboard(), selftest: selftest() });\nexport * from "tidings/objects";\n',
	],
	[
		"a module that exports only classes, with the line ends of Windows",
		"// @ts-check\r\nexport class Room {}\r\n",
		'// @ts-check\r\nimport { dashboard } from "tidings/dashboard";\r\nimport { selftest } from "tidings/selftest";\r\nimport { worker } from "tidings/worker";\r\nimport { events } from "./events";\r\n\r\nexport class Room {}\r\n\r\nexport default worker(events, { dashboard: dashboard(), selftest: selftest() });\r\nexport * from "tidings/objects";\r\n',
	],
])("the entry is wrapped: %s", (_, before, after) => {
	expect(wrapped(before)).toEqual({ text: after, byHand: [] });
	expect(wrapped(after)).toEqual({ text: after, byHand: [] });
});

test.each([
	["a class", "export default class extends WorkerEntrypoint {}"],
	["a call", "export default withTracing({ fetch() {} });"],
	["another module's", 'export { default } from "./app";'],
	[
		"a handler that worker() rejects",
		"export default { fetch() {}, tail() {} };",
	],
	["a script", 'addEventListener("fetch", () => {});'],
])("the entry is not touched, and the lines are printed: %s", (_, before) => {
	const { text, byHand } = wrapped(before);
	expect(text).toBe(before);
	expect(byHand).toEqual([
		expect.stringContaining("export default worker(events, { fetch: …"),
	]);
});

test("a scheduled that cannot be guarded is reported with the line to add", () => {
	const { byHand } = wrapped(
		"export default { scheduled };\nfunction scheduled() {}",
	);
	expect(byHand).toEqual([
		expect.stringContaining('if (controller.cron === "*/5 * * * *") return;'),
	]);
});

test("a text that cannot be edited without another effect is not touched, and the value to set is named", () => {
	const text = '{ "vars": { "A": 1 }, "vars": { "B": 2 } }';
	expect(() => editConfig("a.json", text, { vars: { C: 3 } })).toThrow(
		"a.json cannot be edited at vars.C. Set it by hand to 3",
	);
});

/** A configuration with any part of what Tidings needs. */
const PARTS = fc.subarray([
	["compatibility_flags", ["nodejs_compat"]],
	["minify", false],
	["triggers", { crons: ["0 3 * * *"] }],
	["vars", { A: "b", T: { c: 1 } }],
	["exports", { Jobs: { type: "durable-object", storage: "sqlite" } }],
	["queues", { producers: [{ binding: "A", queue: "a" }] }],
	["queues", { consumers: [{ queue: "a" }, { queue: "b", retry_delay: 1 }] }],
	["env", { staging: { vars: { A: "c" } } }],
] as const);

test("any configuration can be completed in both formats, with every value that it has", () => {
	const change = {
		compatibility_date: "2026-11-01",
		minify: true,
		compatibility_flags: ["x", "nodejs_compat"],
		triggers: { crons: ["0 3 * * *", "*/5 * * * *"] },
		vars: { T: { d: "e" }, U: [{ f: 1 }] },
		exports: { Keys: { type: "durable-object" } },
		queues: {
			producers: [{ binding: "B", queue: "b" }],
			consumers: [{ queue: "b", max_retries: 100, max_batch_size: 1 }],
		},
		env: { staging: { queues: { producers: [{ binding: "B", queue: "c" }] } } },
	};
	fc.assert(
		fc.property(
			PARTS,
			fc.constantFrom("  ", "\t", undefined),
			(parts, unit) => {
				const raw = Object.fromEntries(parts);
				const json = editConfig(
					"a.json",
					JSON.stringify(raw, null, unit),
					change,
				);
				const toml = editConfig("a.toml", stringify(raw), change);
				expect(JSON.parse(json)).toEqual(
					JSON.parse(JSON.stringify(parseToml(toml))),
				);
				const kept = { ...raw, minify: true };
				expect(editsOf(JSON.parse(json), kept)).toEqual([]);
				expect(editConfig("a.json", json, change)).toBe(json);
				expect(editConfig("a.toml", toml, change)).toBe(toml);
			},
		),
		{ numRuns: 200 },
	);
});
