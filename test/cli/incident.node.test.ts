/**
 * An incident, played with the command line alone: two handlers in two Workers fail for one customer of four. What is
 * typed here is what docs/guides/operating-an-incident.md shows.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { createTestHarness } from "wrangler";
import type { Receipt } from "../../src/index.ts";

const KEY = "tid_oncall_secret-of-oncall";
const digest = createHash("sha256").update(KEY).digest("hex");
const API_KEYS = JSON.stringify([{ id: "oncall", scopes: ["admin"], digest }]);
const root = new URL("../..", import.meta.url).pathname;

const harness = createTestHarness({
	root: `${root}test/cli/incident`,
	workers: [
		{ configPath: "owner.toml", secrets: { API_KEYS } },
		{ configPath: "mail.toml" },
	],
});
let url: URL;

beforeAll(async () => {
	({ url } = await harness.listen());
});
afterAll(() => harness.close());

interface Run {
	code: number;
	out: string;
	error: string;
}

/** Runs `npx tidings` as a person would. */
async function tidings(...args: string[]): Promise<Run> {
	const env = { ...process.env, TIDINGS_URL: url.href, TIDINGS_KEY: KEY };
	const main = `${root}cli/main.ts`;
	const run = promisify(execFile)(process.execPath, [main, ...args], { env });
	return run.then(
		({ stdout: out, stderr: error }) => ({ code: 0, out, error }),
		({ code, stdout: out, stderr: error }) => ({ code, out, error }),
	);
}

/** A command of the guide, and the lines that it prints there. */
interface Step {
	args: string[];
	lines: string[];
}

/** The commands of the guide's transcript, in order. */
async function transcript(): Promise<Step[]> {
	const path = `${root}docs/guides/operating-an-incident.md`;
	const blocks = (await readFile(path, "utf8")).matchAll(
		/```console\n(.*?)```/gs,
	);
	return [...blocks]
		.flatMap(([, block = ""]) => block.split(/^\$ npx tidings /m).slice(1))
		.map((text) => {
			const [command = "", ...lines] = text.trimEnd().split("\n");
			const args = [...command.matchAll(/'([^']*)'|(\S+)/g)];
			return {
				args: args.map(([, quoted, bare = ""]) => quoted ?? bare),
				lines,
			};
		});
}

/** Without what differs in each run: ids, times, durations, and the order of events that fail at once. */
function comparable(lines: readonly string[]): string[] {
	return lines
		.map((line) =>
			line
				.replace(/[0-9a-f]{8}-[0-9a-f-]{10,27}…?/g, "<id>")
				.replace(/\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d+)?)?Z?/g, "<time>")
				.replace(/\d+(\.\d+)? (ms|s)\b/g, "<duration>")
				.replace(/\s+/g, " ")
				.trim(),
		)
		.filter((line) => line !== "")
		.sort();
}

/** The answer of a command as JSON. */
async function json(...args: string[]) {
	const { code, out, error } = await tidings("--json", ...args);
	if (code !== 0) throw new Error(`${args.join(" ")}: ${code}: ${error}`);
	return JSON.parse(out);
}

/** Publishes twelve orders of four customers. Returns their ids. */
async function publishOrders(): Promise<string[]> {
	const response = await fetch(new URL("/v1/events", url), {
		method: "POST",
		headers: {
			authorization: `Bearer ${KEY}`,
			"content-type": "application/json",
		},
		body: JSON.stringify(
			Array.from({ length: 12 }, (_, n) => ({
				name: "order.paid",
				body: { customer: `c4${n % 4}`, total: n },
			})),
		),
	});
	const { receipts } = (await response.json()) as { receipts: Receipt[] };
	return receipts.map(({ id }) => id);
}

const wait = { timeout: 30_000, interval: 300 };

test("one customer's failures are found, grouped, replayed and accounted for", async () => {
	const published = await publishOrders();
	const mine = published.filter((_, n) => n % 4 === 2);

	// What fails? Two handlers, in two Workers, each with one reason.
	const groups = await vi.waitFor(async () => {
		const { groups: found } = await json("groups", "since:1h");
		expect(found.map(({ count }: { count: number }) => count)).toEqual([3, 3]);
		return found;
	}, wait);
	expect(
		groups
			.map((one: Record<string, unknown>) => [one.handler, one.cause])
			.sort(),
	).toEqual([
		["charge", "exhausted"],
		["mail/receipt", "non_retryable"],
	]);
	expect(groups).toContainEqual(
		expect.objectContaining({
			handler: "charge",
			reason: "Error: no card of c<n> for <id>",
		}),
	);

	// For whom? For one customer of four.
	const q = ["tag.customer:c42", "since:1h"];
	const { deadLetters, count } = await json("dead-letters", ...q);
	expect(count).toBe(6);
	expect(deadLetters[0].event.tags).toEqual({ customer: "c42" });
	for (const other of ["c40", "c41", "c43"])
		expect((await json("dead-letters", `tag.customer:${other}`)).count).toBe(0);

	// What happened to one of its events?
	const life = await tidings("event", mine[0] as string);
	expect(life.out).toContain("tags customer:c42");
	const shown = mine[0]?.slice(-8, -2) ?? "";
	expect(await tidings("event", shown)).toEqual(life);
	expect(life.out).toMatch(/charge\n.*\n.*dead.*no card of c42.*\(exhausted\)/);
	const events = (await json("events", "state:dead", ...q)).events;
	expect(events.map(({ id }: { id: string }) => id).sort()).toEqual(
		mine.sort(),
	);

	// Repair both Workers, see how many would be replayed, and replay them.
	await harness.fetch("/repair");
	await harness.getWorker("incident-mail").fetch("/repair");
	const filter = q.join(" ");
	expect(await json("replay", "--q", filter, "--dry-run")).toEqual({
		count: 6,
	});
	expect(await json("replay", "--q", filter)).toMatchObject({
		state: "done",
		done: 6,
		failed: 0,
		by: "oncall",
	});
	await vi.waitFor(async () => {
		expect((await json("dead-letters", `state:resolved ${filter}`)).count).toBe(
			6,
		);
	}, wait);
	expect((await json("dead-letters", ...q)).count).toBe(0);

	// A second replay says what became of the first.
	const again = await tidings("replay", `${mine[0]}:charge`);
	expect(again).toMatchObject({
		code: 1,
		error: expect.stringContaining("was delivered at"),
	});
	expect((await tidings("jobs")).out).toMatch(/done\s+replay\s+6\s+0\s+0/);
	await vi.waitFor(async () => {
		const ended = await json("event", mine[0] as string);
		expect(ended.state).toBe("delivered");
	}, wait);
	expect(await tidings("health")).toMatchObject({ code: 0 });

	// The customer's events are sent to one handler once more, and not if it has seen them.
	const toCharge = ["deliver", "--handler", "charge", "--q", filter];
	expect(await json(...toCharge, "--dry-run")).toEqual({ count: 3 });
	expect(await json(...toCharge, "--only-if-never-ran")).toMatchObject({
		state: "done",
		done: 0,
		failed: 0,
		counts: { skipped: 3 },
	});
	expect(await json(...toCharge)).toMatchObject({ done: 3, handler: "charge" });
	await vi.waitFor(async () => {
		const q = ["state:resolved", "handler:charge", filter];
		expect((await json("dead-letters", ...q)).count).toBe(3);
	}, wait);

	// The customer asks to be forgotten.
	expect((await tidings("erase", "tag.customer:c42", "--dry-run")).out).toMatch(
		/^\d+ match/,
	);
	const erased = await tidings("erase", "tag.customer:c42");
	expect(erased).toMatchObject({ code: 0, error: "" });
	for (const part of [/deadLetters: 6/, /entries: \d+/, /queues: not reached/])
		expect(erased.out).toMatch(part);
	expect((await json("events", "tag.customer:c42")).events).toEqual([]);
	expect((await json("events", "tag.customer:c41")).events).toHaveLength(3);
	// An id may contain the letters, but not as a word.
	expect((await tidings("--json", "jobs")).out).not.toMatch(/\bc42\b/);
}, 120_000);

test("the guide's transcript is what the commands print", async () => {
	await harness.fetch("/break");
	await harness.getWorker("incident-mail").fetch("/break");
	const since = new Date().toISOString();
	const published = await publishOrders();
	const run = async ({ args, lines }: Step) => {
		const real = args.map((arg) =>
			arg
				.replace("2026-11-28T14:00Z", since)
				.replace(/^[0-9a-f]{8}-[0-9a-f-]{27}$/, published[2] as string),
		);
		const check = async () => {
			const { out } = await tidings(...real);
			expect(comparable(out.split("\n"))).toEqual(comparable(lines));
		};
		// A second replay would find nothing.
		if (args[0] === "replay") await check();
		else await vi.waitFor(check, wait);
	};
	const steps = await transcript();
	const replay = steps.findIndex(({ args }) => args[0] === "replay");
	for (const step of steps.slice(0, replay)) await run(step);
	await harness.fetch("/repair");
	await harness.getWorker("incident-mail").fetch("/repair");
	for (const step of steps.slice(replay)) await run(step);
}, 120_000);

test.concurrent("selftest proves that events arrive in a Worker that works, and prints its figures", async () => {
	const { code, out, error } = await tidings("selftest");
	expect({ code, error }).toEqual({ code: 0, error: "" });
	for (const line of [
		/immediate\s+passed\s+20 of 20/,
		/scheduled\s+passed\s+10 of 10/,
		/replayed\s+passed\s+1 of 1\s+2/,
		/cancelled\s+passed\s+1 of 1\s+0/,
		/worker mail\s+passed/,
		/lateness\s+\d.*\s10$/m,
		/: passed$/m,
	])
		expect(out).toMatch(line);
}, 60_000);

test.concurrent("wrong usage, a missing thing and a wrong key have exit codes and say what to do", async () => {
	for (const [args, code, said] of [
		[["event", "none"], 3, "There is no event none in the latest 1000"],
		[["cancel", "none"], 3, "There is no scheduled event none."],
		[["replay"], 2, "Give the id of a dead letter, or --q <filter>."],
		[["publish", "order.paid", "{"], 2, "The body is not JSON"],
		[["evnts"], 2, "Did you mean events?"],
		[["events", "stat:dead"], 1, 'unknown word "stat"; use id, name'],
		[["publish", "a.b", "1", "--after", "1 dya"], 1, "unknown unit"],
		[["--key", "tid_x_y", "jobs"], 1, "npx tidings key --local creates one"],
		[["scheduled", "order.paid"], 1, "give name:order.paid for events"],
		[["selftest", "--timeout", "1 hour"], 2, "longer than a run"],
		[["selftest", "--timeout", "soon"], 2, "is not a duration"],
	] as const) {
		const run = await tidings(...args);
		expect({ args, ...run }).toMatchObject({
			args,
			code,
			error: expect.stringContaining(said),
		});
	}
	expect((await tidings("--help")).out).toContain("Exit codes");
}, 60_000);
