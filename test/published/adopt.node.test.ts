/** The package as a person adopts it: in an empty folder, and in three projects with wrangler of their own. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify, stripVTControlCharacters } from "node:util";
import { afterAll, beforeAll, expect, inject, test, vi } from "vitest";
import { freePort } from "../../examples/shop/local/port.ts";
import { type ProjectName, writeProject } from "./bare-projects.ts";
import { binOf, install, typeErrors, wrangler } from "./project.ts";

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), "tidings-adopt-"));
const tidings = join(folder, "node_modules/.bin/tidings");
const env = { ...process.env, WRANGLER_SEND_METRICS: "false" };

/** A test as the guide on testing shows it. */
const TEST = `
import { createTestEvents } from "tidings/testing";
import { expect, test } from "vitest";
import { events } from "../src/events";

test("a second attempt succeeds", async () => {
	const bus = createTestEvents(events);
	bus.failNext("welcome");
	await bus.publish("user.joined", { userId: "u1", email: "ada@example.com" });
	await bus.advance("1 minute");
	expect(bus.attempts("welcome")).toHaveLength(2);
});
`;
const VITEST = `
import { tidingsTesting } from "tidings/testing/vitest";

export default { plugins: [tidingsTesting()] };
`;

/** As `npm create cloudflare` writes it, without what does not matter here. */
const TSCONFIG = JSON.stringify({
	compilerOptions: {
		target: "es2024",
		lib: ["es2024"],
		module: "es2022",
		moduleResolution: "bundler",
		isolatedModules: true,
		noEmit: true,
		strict: true,
		skipLibCheck: true,
		types: ["./worker-configuration.d.ts"],
	},
	include: ["worker-configuration.d.ts", "src/**/*.ts"],
});

interface Adopted {
	name: ProjectName;
	/** The path of the dashboard, and a text at the root of the Worker. */
	page: string;
	root: string;
	/** What else the output of `dev` has. */
	says?: RegExp[];
}

const ADOPTED: Adopted[] = [
	{ name: "empty", page: "/", root: "· Tidings" },
	{ name: "my-hono", page: "/_tidings", root: "hi" },
	{
		name: "rooms",
		page: "/_tidings",
		root: "rooms",
		says: [/own batch of mails/],
	},
	{
		name: "nightly",
		page: "/_tidings",
		root: "nightly",
		says: [
			/breaks +attempt 1 failed: no mail server, dead: exhausted/,
			/ {4}at .*\(src\/events\.ts:19:8\)/,
		],
	},
];

/** A handler that fails, to be added to the one that `init` writes. */
const FAILING = `
events.on(UserJoined, { id: "breaks", retries: 0 }, async () => {
	throw new TypeError("no mail server");
});
`;

beforeAll(async () => {
	const devDependencies = { vitest: "*", wrangler: "*" };
	await writeFile(
		join(folder, "package.json"),
		JSON.stringify({ devDependencies }),
	);
	await install(inject("tarball"), folder);
	for (const { name } of ADOPTED) {
		const isTypeScript = name === "my-hono" || name === "nightly";
		writeProject(folder, name, {
			"test/events.test.js": TEST,
			"vitest.config.ts": VITEST,
			...(isTypeScript && { "tsconfig.json": TSCONFIG }),
		});
	}
	startedAt = Date.now();
});
afterAll(() => {
	rmSync(folder, { recursive: true });
	// The console of a test that passes is not shown.
	process.stdout.write(report.join(""));
});

/** Ports of this process: others may start in the seconds until wrangler listens. */
let ports = 20_000 + (process.pid % 150) * 80;

/** Runs `tidings dev` until it has printed its command, at the first free port. */
async function startDev(cwd: string) {
	ports += 10;
	const port = `${await freePort(ports)}`;
	const args = ["dev", "--port", port, "--inspector-port", "0"];
	const child = spawn(tidings, args, { cwd, env });
	let output = "";
	for (const stream of [child.stdout, child.stderr])
		stream.on("data", (data) => {
			output += stripVTControlCharacters(`${data}`);
		});
	const says = (text: string | RegExp) =>
		vi.waitFor(() => expect(output).toMatch(text), {
			timeout: 60_000,
			interval: 50,
		});
	const stop = async () => {
		if (child.exitCode !== null) return;
		const closed = once(child, "close");
		child.kill("SIGINT");
		await closed;
	};
	try {
		await says(/^Publish +curl .*$/m);
	} catch (error) {
		await stop();
		throw error;
	}
	return { url: `http://localhost:${port}`, output: () => output, says, stop };
}

/** Publishes with the printed command. Returns the six characters of the id that the timeline shows. */
async function publish(output: string): Promise<string> {
	const [, curl = ""] = /^Publish +(curl .*)$/m.exec(output) ?? [];
	const { stdout } = await run("sh", ["-c", curl]);
	return JSON.parse(stdout).id.slice(-8, -2);
}

/** Steps and seconds, for a person. */
const report: string[] = [];
let startedAt = 0;

test.concurrent.for(ADOPTED)(
	"$name: at most five steps to a delivered event, its dashboard, a build, types and a test",
	async ({ name, page, root, says = [] }, { expect }) => {
		const cwd = join(folder, name);
		const { stdout } = await run(tidings, ["init"], { cwd });
		const steps = 1 + (stdout.match(/^ {2}\d\. /gm)?.length ?? 0);
		if (name === "nightly") appendFileSync(join(cwd, "src/events.ts"), FAILING);
		const dev = await startDev(cwd);
		try {
			expect(dev.output().split("\n").length, dev.output()).toBeLessThan(10);
			const dashboard = await fetch(dev.url + page);
			expect(await dashboard.text()).toContain("· Tidings</title>");
			const id = await publish(dev.output());
			expect(await (await fetch(dev.url)).text()).toContain(root);
			for (const line of [
				new RegExp(`${id} +user.joined +published`),
				new RegExp(`${id} +user.joined +welcome +delivered`),
				...says,
			])
				await dev.says(line);
			expect(dev.output()).not.toContain("delivery_dead");
		} finally {
			await dev.stop();
		}
		await expect(fetch(dev.url)).rejects.toThrow();

		const out = join(cwd, "out");
		await wrangler(cwd, "deploy", "--dry-run", "--outdir", out);
		const built = await readdir(out);
		const code = await readFile(join(out, built[0] ?? ""), "utf8");
		expect(code).not.toContain("TIDINGS_TRACE");
		if (name !== "rooms") {
			await wrangler(cwd, "types");
			expect(await typeErrors(cwd)).toBe("");
		}
		await run(process.execPath, [binOf("vitest", "vitest.mjs"), "run"], {
			cwd,
		});
		report.push(`${name}: ${steps} steps\n`);
		expect(steps).toBeLessThanOrEqual(5);
	},
);

test("each of them takes at most a minute of this machine, without downloads", () => {
	// They ran at once, and shared it.
	const each = (Date.now() - startedAt) / 1_000 / ADOPTED.length;
	report.push(`each: ${each.toFixed(1)} s\n`);
	expect(report).toHaveLength(ADOPTED.length + 1);
	expect(each).toBeLessThan(60);
});
