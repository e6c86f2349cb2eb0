/** `npx tidings init` and `npx tidings dev` of the published package, with the wrangler of the projects. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify, stripVTControlCharacters } from "node:util";
import { afterAll, beforeAll, expect, inject, test, vi } from "vitest";
import { createTestHarness } from "wrangler";
import { variablesIn } from "../../cli/dev-vars.ts";
import { freePort } from "../../examples/shop/local/port.ts";
import { type ProjectName, writeProject } from "./bare-projects.ts";
import { install, typeErrors, wrangler } from "./project.ts";

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), "tidings-init-"));
const tidings = join(folder, "node_modules/.bin/tidings");
const NAMES: ProjectName[] = ["empty", "my-hono", "rooms", "nightly"];

beforeAll(async () => {
	const devDependencies = { wrangler: "*" };
	await writeFile(
		join(folder, "package.json"),
		JSON.stringify({ devDependencies }),
	);
	await install(inject("tarball"), folder);
	for (const name of NAMES) {
		const cwd = writeProject(folder, name);
		await run(tidings, ["init"], { cwd });
	}
});
afterAll(() => rmSync(folder, { recursive: true }));

const keyOf = async (project: string) =>
	variablesIn(await readFile(join(folder, project, ".dev.vars"), "utf8"))
		.TIDINGS_KEY;

test("a second run says that nothing is missing, and doctor finds nothing", async () => {
	const cwd = join(folder, "rooms");
	const { stdout } = await run(tidings, ["init"], { cwd });
	expect(stdout).toBe("Nothing is missing.\n");
	const doctor = await run(tidings, ["doctor"], { cwd });
	expect(doctor.stdout).toContain("wrangler.toml: errors 0, warnings 0");
});

test("a dry run prints a difference that git applies, and changes nothing", async () => {
	const cwd = writeProject(join(folder, "dry"), "rooms");
	const before = await readdir(cwd);
	const { stdout } = await run(tidings, ["init", "--dry-run"], { cwd });
	expect(await readdir(cwd)).toEqual(before);
	const patch = stdout.replace(/^\.dev\.vars: .*$/m, "");
	await writeFile(join(cwd, "init.patch"), patch);
	await run("git", ["init", "-q"], { cwd });
	await run("git", ["apply", "init.patch"], { cwd });
	expect(await readFile(join(cwd, "wrangler.toml"), "utf8")).toBe(
		await readFile(join(folder, "rooms/wrangler.toml"), "utf8"),
	);
});

test("the projects can be deployed, without the trace of the local run", async () => {
	const deploys = ["empty", "my-hono", "rooms"].map(async (name) => {
		const out = join(folder, name, "out");
		const args = ["deploy", "--dry-run", "--outdir", out];
		const { stdout } = await wrangler(join(folder, name), ...args);
		expect(stdout, name).toContain("env.EVENTS_QUEUE");
		const code = await readFile(join(out, "index.js"), "utf8");
		expect(code, name).not.toContain("TIDINGS_TRACE");
	});
	await Promise.all(deploys);
});

test("the projects compile with the types that wrangler writes", async () => {
	const tsconfig = await readFile(join(folder, "empty/tsconfig.json"), "utf8");
	const projects = ["empty", "my-hono", "nightly"].map(async (name) => {
		const cwd = join(folder, name);
		await writeFile(join(cwd, "tsconfig.json"), tsconfig);
		await wrangler(cwd, "types");
		expect(await typeErrors(cwd), name).toBe("");
	});
	await Promise.all(projects);
});

test("the Worker with migrations delivers an event that is published with its key, and its own batches", async () => {
	const harness = createTestHarness({
		root: folder,
		workers: [{ configPath: "rooms/wrangler.toml" }],
	});
	try {
		await harness.listen();
		const said = () =>
			harness
				.getLogs()
				.map(({ message }) => message)
				.join("\n");
		const call = (authorization: string) =>
			harness.fetch("/v1/events", {
				method: "POST",
				headers: { authorization, "content-type": "application/json" },
				body: '{"name":"user.joined","body":{"userId":"u1","email":"ada@example.com"}}',
			});
		expect((await call("Bearer tid_local_wrong")).status).toBe(401);
		const answer = await call(`Bearer ${await keyOf("rooms")}`);
		expect(answer.status).toBe(202);
		const { id } = (await answer.json()) as { id: string };
		expect(await (await harness.fetch("/")).text()).toBe("rooms");
		for (const line of [
			`welcome, ada@example.com, by event ${id}`,
			"own batch of mails",
		])
			await vi.waitFor(() => expect(said()).toContain(line), {
				...{ timeout: 30_000, interval: 50 },
			});
	} finally {
		await harness.close();
	}
});

test("dev prints what to open and to run, then the timeline with places in the source, and ends with wrangler", async () => {
	const cwd = join(folder, "nightly");
	const events = join(cwd, "src/events.ts");
	const failing = `
events.on(UserJoined, { id: "breaks", retries: 0 }, async () => {
	throw new TypeError("no mail server");
});
`;
	await writeFile(events, (await readFile(events, "utf8")) + failing);
	const port = `${await freePort(18_787)}`;
	const child = spawn(
		tidings,
		["dev", "--port", port, "--inspector-port", "0"],
		{ cwd, env: { ...process.env, WRANGLER_SEND_METRICS: "false" } },
	);
	let output = "";
	for (const stream of [child.stdout, child.stderr])
		stream.on("data", (data) => {
			output += stripVTControlCharacters(`${data}`);
		});
	const says = (text: string | RegExp) =>
		vi.waitFor(() => expect(output).toMatch(text), {
			...{ timeout: 60_000, interval: 50 },
		});
	try {
		await says(`Dashboard  http://localhost:${port}/_tidings`);
		const [, curl = ""] = /^Publish +(curl .*)$/m.exec(output) ?? [];
		expect(curl).toContain(await keyOf("nightly"));
		expect(output.split("\n").length, output).toBeLessThan(10);
		const { stdout } = await run("sh", ["-c", curl]);
		const { id } = JSON.parse(stdout);
		const short = id.slice(-8, -2);
		await says(new RegExp(`${short} +user.joined +published`));
		await says(new RegExp(`${short} +user.joined +welcome +delivered`));
		await says(/breaks +attempt 1 failed: no mail server, dead: exhausted/);
		await says(/ {4}at .*\(src\/events\.ts:19:8\)/);
		expect(output).not.toContain("delivery_dead");
	} finally {
		const closed = once(child, "close");
		child.kill("SIGINT");
		await closed;
	}
	await expect(fetch(`http://localhost:${port}/health`)).rejects.toThrow();
});
