/** The command line against a server that only answers: what it sends, refuses and prints. */
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { promisify, stripVTControlCharacters } from "node:util";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";

import { parseAfter } from "../../cli/after.ts";
import { rewriting } from "../../cli/dev/output.ts";
import { startOf } from "../../cli/dev/start.ts";
import { showProgress } from "../../cli/progress.ts";
import { checkNode, own } from "../../cli/requirements.ts";
import { Lines } from "../../cli/timeline/lines.ts";
import type { Finding } from "../../src/doctor/finding.ts";

const main = new URL("../../cli/main.ts", import.meta.url).pathname;

let answer = { status: 200, json: {} as unknown };
let requests: string[] = [];
const server = createServer((request, response) => {
	requests.push(`${request.method} ${request.url}`);
	response.writeHead(answer.status, { "content-type": "application/json" });
	response.end(JSON.stringify(answer.json));
});

beforeAll(
	() => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve)),
);
beforeEach(() => {
	requests = [];
	answer = { status: 200, json: {} };
});
afterAll(() => void server.close());

function tidings(...args: string[]) {
	const { port } = server.address() as AddressInfo;
	const target = ["--url", `http://127.0.0.1:${port}`, "--key", "tid_a_b"];
	return new Promise<{ code: unknown; out: string; error: string }>((resolve) =>
		execFile(
			process.execPath,
			[main, ...target, ...args],
			(failure, out, error) =>
				resolve({ code: failure?.code ?? 0, out, error }),
		),
	);
}

test.each([
	[["discard", "e1:mail", "--dry-run"], "--dry-run"],
	[["replay", "e1:mail", "--no-wait"], "--no-wait"],
	[["replay", "--q", "state:dead", "--body", "1"], "--body"],
	[["replay", "--q", "state:dead", "--again"], "--again"],
	[["replay", "e1:mail", "--body", "{"], "The body is not JSON"],
	[["cancel"], "Give the id of a scheduled event, or --q <filter>."],
	[["cancel", "e1", "--dry-run"], "--dry-run"],
	[["jobs", "--stop"], "--stop"],
	[["erase", "customer:c42"], "Give one tag, such as tag.customer:c42."],
	[["erase", "tag.customer:"], "Give one tag, such as tag.customer:c42."],
	[["deliver", "--q", "since:1h"], "--handler"],
	[["deliver", "--handler", "mail"], "--q"],
	[["tail", "--every", "soon"], "--every"],
	[["tail", "--every", "0"], "--every"],
] as const)(
	"%j is refused, and nothing is sent: an ignored option would act on more, or at once",
	async (args, word) => {
		expect(await tidings(...args)).toMatchObject({
			code: 2,
			error: expect.stringContaining(word),
		});
		expect(requests).toEqual([]);
	},
	30_000,
);

test("event says that a page which may have more of it cannot be read", async () => {
	const id = "01a1fc58-179d-7042-a27b-c7a89af9ee02";
	const life = {
		id,
		name: "order.paid",
		time: 1,
		state: "ignored",
		at: 1,
		actions: [],
		deliveries: [],
	};
	const note = /The life may not be whole: 1 page of the journal/;
	answer = { status: 200, json: life };
	expect((await tidings("event", id)).out).not.toMatch(note);
	answer = { status: 200, json: { ...life, unreadable: 1 } };
	expect((await tidings("event", id)).out).toMatch(note);
});

test("groups says how many dead letters are in groups that are left out", async () => {
	const note = "12000 dead letters in smaller groups are not counted.";
	answer = { status: 200, json: { groups: [] } };
	expect((await tidings("groups")).out).not.toContain(note);
	answer = { status: 200, json: { groups: [], uncounted: 12_000 } };
	expect((await tidings("groups")).out).toContain(note);
});

test("--version prints the version of the package", async () => {
	expect(await tidings("--version")).toEqual({
		code: 0,
		out: `${own.version}\n`,
		error: "",
	});
});

test.each([
	[["events"], { events: [] }, "No event. Publish one: npx tidings publish"],
	[["scheduled", "name:a"], { scheduled: [] }, "event matches name:a. Leave"],
	[["dead-letters"], { deadLetters: [], count: 0 }, "state:resolved"],
])("%j prints one line for an empty list", async (args, json, line) => {
	answer.json = json;
	const { code, out } = await tidings(...args);
	expect(code).toBe(0);
	expect(out.trimEnd().split("\n")).toEqual([expect.stringContaining(line)]);
});

test("a part of an id that several events have is wrong usage, with their ids", async () => {
	const ids = ["01a1fc58-179d-7042-a27b-c7a89af9ee02", "01a1fc58-0"];
	answer.json = { events: ids.map((id) => ({ id, name: "a.b" })) };
	const { code, error } = await tidings("event", "01a1fc58");
	expect(code).toBe(2);
	for (const id of ids) expect(error).toContain(`${id}  a.b`);
	expect(requests).toEqual(["GET /v1/events?limit=1000"]);
});

test("a time may have the short form that filters have", () => {
	for (const [text, expected] of [
		["2h", "2 hours"],
		["1.5d", "1.5 days"],
		["2 hours", "2 hours"],
		["2mo", "2mo"],
	] as const)
		expect(parseAfter(text)).toBe(expected);
});

test("an older Node is refused with the version that is needed", () => {
	expect(() => checkNode("20.20.2")).toThrow("tidings needs Node 22.16");
	expect(() => checkNode("22.9.0")).toThrow("this is Node 22.9.0");
	for (const version of ["22.16.0", "24.0.0"]) checkNode(version);
});

test("health shows problems and figures, and its exit code is 4", async () => {
	const queue = {
		backlogCount: 7,
		backlogBytes: 9,
		oldestMessageAt: 1,
		lag: 7_200_000,
	};
	const json = {
		status: "failing",
		problems: [{ code: "queue_late", detail: "events is late" }],
		queues: { events: queue },
		scheduler: {
			lag: 0,
			scheduled: 3,
			waiting: 4,
			lastHour: { wakeUps: 5, rowsWritten: 6, sent: 7 },
		},
		deadLetters: { dead: 8, replaying: 0, resolved: 1, discarded: 2 },
	};
	answer = { status: 503, json };
	const run = await tidings("--json", "health");
	expect({ ...run, out: JSON.parse(run.out) }).toEqual({
		code: 4,
		out: json,
		error: "",
	});
	const { code, out } = await tidings("health");
	expect(code).toBe(4);
	for (const part of ["queue_late: events is late", "2 h", "dead", "8"])
		expect(out).toContain(part);
}, 30_000);

test("a Worker's clock that differs by more than the request took is a warning of doctor", async () => {
	for (const [offset, expected] of [
		[60_000, "s ahead of this machine's"],
		[-60_000, "s behind this machine's"],
		[0, undefined],
	] as const) {
		const time = Date.now() + offset;
		answer.json = { time, findings: [], problems: [] };
		const config = ["--config", "wrangler.toml"];
		const { code, out } = await tidings("--json", "doctor", ...config);
		const { findings } = JSON.parse(out) as { findings: Finding[] };
		const clock = findings.find((one) => one.code === "clock_wrong");
		expect({ code, requests: requests.splice(0) }).toEqual({
			code: 0,
			requests: ["GET /v1/doctor", "GET /health"],
		});
		if (expected) expect(clock?.problem).toContain(expected);
		else expect(clock).toBeUndefined();
	}
}, 30_000);

test("a job of which some items fail, or that is stopped, has the exit code 1", async () => {
	const job = {
		id: "j1",
		action: "cancel",
		q: "name:a",
		by: "k",
		left: 0,
		count: 2,
		done: 1,
		startedAt: 1,
		endedAt: 2,
	};
	const failed = { failed: 1, errors: [{ id: "e1", reason: "busy" }] };
	for (const [json, code] of [
		[{ ...job, state: "done", failed: 0, errors: [] }, 0],
		[{ ...job, state: "done", ...failed }, 1],
		[{ ...job, state: "stopped", failed: 0, errors: [] }, 1],
	] as const) {
		requests = [];
		answer.json = json;
		const run = await tidings("cancel", "--q", "name:a");
		expect({ code: run.code, requests }).toEqual({
			code,
			requests: ["POST /v1/jobs", "GET /v1/jobs/j1"],
		});
	}
}, 30_000);

test("a bar shows the progress of a job on a terminal, and nothing elsewhere", () => {
	for (const isTTY of [true, false]) {
		const stream = Object.assign(new PassThrough(), { isTTY });
		const progress = showProgress("job j1", stream as never);
		progress.update(1, 2);
		progress.update(3, 2);
		progress.end();
		const written = stripVTControlCharacters(String(stream.read() ?? ""));
		const half = `${"#".repeat(15)}${"-".repeat(15)}`;
		expect(written).toBe(
			isTTY ? `job j1 [${half}] 1 of 2job j1 [${"#".repeat(30)}] 3 of 2` : "",
		);
	}
});

test("dev refuses a directory without wrangler, and one with a wrangler that is too old", async () => {
	const cwd = mkdtempSync(join(tmpdir(), "tidings-bare-"));
	try {
		const dev = () =>
			promisify(execFile)(process.execPath, [main, "dev"], { cwd }).catch(
				(error) => error,
			);
		expect(await dev()).toMatchObject({
			code: 2,
			stderr: expect.stringContaining("wrangler is not inst"),
		});
		const folder = join(cwd, "node_modules/wrangler");
		mkdirSync(folder, { recursive: true });
		const manifest = { version: "4.86.0", bin: { wrangler: "bin.js" } };
		writeFileSync(join(folder, "package.json"), JSON.stringify(manifest));
		expect(await dev()).toMatchObject({
			code: 2,
			stderr: expect.stringContaining("needs 4.107.0 or newer"),
		});
	} finally {
		rmSync(cwd, { recursive: true });
	}
}, 30_000);

test("dev's curl command has a body that the schema of the event accepts", async () => {
	const cwd = mkdtempSync(join(tmpdir(), "tidings-dev-"));
	writeFileSync(join(cwd, ".dev.vars"), "TIDINGS_KEY=tid_a_b\n");
	const named = { type: "string" };
	const schema = {
		type: "object",
		required: ["email", "item"],
		properties: { email: named, item: { const: "it's" }, note: named },
	};
	const handlers = [{ patterns: ["*"] }, { patterns: ["order.paid"], schema }];
	answer.json = { handlers };
	const { port } = server.address() as AddressInfo;
	const at = `http://127.0.0.1:${port}`;
	const { text, paths } = await startOf(at, { config: `${cwd}/wrangler.toml` });
	rmSync(cwd, { recursive: true });
	const event = `{"name":"order.paid","body":{"email":"ada@example.com","item":"it'\\''s"}}`;
	expect(stripVTControlCharacters(text).split("\n")).toEqual([
		`Worker     ${at}`,
		"Key        tid_a_b",
		`Publish    curl ${at}/v1/events -H 'authorization: Bearer tid_a_b' -H 'content-type: application/json' -d '${event}'`,
		`Commands   need the URL in other terminals: export TIDINGS_URL=${at}`,
	]);
	expect(paths).toEqual(["/v1/"]);
});

test("dev leaves out what wrangler prints at each start, and requests to Tidings that succeed", async () => {
	const shown: string[] = [];
	let isStarted = false;
	const read = rewriting({
		lines: new Lines(String),
		folder: "/",
		print: (line) => shown.push(stripVTControlCharacters(line)),
		onReady: async (url) => {
			isStarted = url === "http://localhost:8787";
			return ["/v1/", "/_tidings"];
		},
	});
	const start = `
 ⛅️ wrangler 4.156.2 (update available 4.164.0)
───────────────────────────────────────────────
Using secrets defined in .dev.vars
Your Worker has access to the following bindings:
Binding                               Resource                     Mode
env.EVENTS_QUEUE (walk-events)        Queue                        local

▲ [WARNING] Scheduled Workers are not automatically triggered during local development.

  To manually trigger a scheduled event, run:
    curl "http://localhost:8911/cdn-cgi/local/scheduled"


▲ [WARNING] The latest compatibility date is 2026-11-02

⎔ Starting local server...
⎔ Connection status updated
[wrangler:info] Ready on http://localhost:8787
[wrangler:info] GET /_tidings 404 Not Found (75ms)`;
	for (const line of start.split("\n")) read(line);
	await Promise.resolve();
	for (const line of [
		"[wrangler:info] POST /v1/events 202 Accepted (5ms)",
		"[wrangler:info] POST /v1/events 401 Unauthorized (5ms)",
		"[wrangler:info] GET /orders 200 OK (5ms)",
		'[shop] tidings {"type":"published","at":1,"id":"e","event":"a.b"}',
	])
		read(line);
	expect({ isStarted, shown }).toEqual({
		isStarted: true,
		shown: [
			"▲ [WARNING] The latest compatibility date is 2026-11-02",
			"",
			"⎔ Starting local server...",
			"[wrangler:info] POST /v1/events 401 Unauthorized (5ms)",
			"[wrangler:info] GET /orders 200 OK (5ms)",
			expect.stringMatching(/^1 .* a\.b .*published/),
		],
	});
});

test("an error from an event prints no control characters", async () => {
	const id = "01a1fc58-179d-7042-a27b-c7a89af9ee02";
	const attempt = {
		state: "dead",
		at: 1,
		attempt: 1,
		cause: "exhausted",
		error: { name: "Error", message: "no \u001b[2J\rnone" },
	};
	answer.json = {
		id,
		name: "a.b",
		state: "dead",
		time: 1,
		at: 1,
		tags: { customer: "c\u001b[31m" },
		actions: [{ type: "replayed", at: 1, by: "k\u001b[2J", handler: "mail" }],
		deliveries: [{ handler: "mail", state: "dead", attempts: [attempt] }],
	};
	const { code, out } = await tidings("event", id);
	expect({ code, out }).toEqual({
		code: 0,
		out: expect.stringContaining("Error: no"),
	});
	expect(out.replaceAll("\n", "")).not.toMatch(/\p{Cc}/u);
}, 30_000);
