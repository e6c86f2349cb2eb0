/** What the overview shows, how much it reads, and that nothing of a stranger becomes markup. */
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { UnavailableError } from "../../src/event/errors.ts";
import type { Counts } from "../../src/journal/counters.ts";
import type { JournalStore } from "../../src/ports.ts";
import { portsOf } from "../../src/registration.ts";
import { installKeys } from "../support/http.ts";
import { events } from "../support/worker.ts";
import { signedIn } from "./visit.ts";

const EVIL = `"'><script>alert(1)</script><img src=x onerror=alert(2)>&amp;`;
const MINUTE = 60_000;

beforeEach(async () => {
	await installKeys();
	vi.spyOn(console, "info").mockReturnValue();
});
afterEach(() => vi.restoreAllMocks());

/** A visitor has ports of its own, so spies are set afterwards. */
const person = () => signedIn("read");

const ports = () => portsOf(events);
const journal = () => ports().journal?.store as JournalStore;

const plainOf = (text: string) =>
	text.replace(/<[^>]*>/g, " ").replace(/\s+/g, " ");

const durations = [10, 0, 0, 0, 0, 0, 0, 10, 0, 0, 0, 0];

/** Minutes of the last hour, by how many minutes ago they began. */
function happened(minutes: Record<number, Partial<Counts>>) {
	const now = Math.floor(Date.now() / MINUTE) * MINUTE;
	vi.spyOn(journal(), "counts").mockImplementation(async () =>
		Object.entries(minutes).map(([ago, counts]) => ({
			at: now - Number(ago) * MINUTE,
			counts: { events: {}, handlers: {}, ...counts },
		})),
	);
}

const group = {
	handler: "sync-ledger",
	cause: "exhausted" as const,
	count: 4_312,
	reason: "Error: order <n> is closed",
	deploy: "",
	firstFailureAt: Date.UTC(2026, 10, 1),
	lastFailureAt: Date.now(),
};

test("the overview shows each minute by outcome, handlers by failures, and groups of dead letters", async () => {
	const reader = await person();
	happened({
		20: {
			events: { published: 9, ignored: 2 },
			handlers: {
				calm: { delivered: 40, retrying: 0, dead: 0, durations },
				"mail/send": { delivered: 5, retrying: 12, dead: 3, durations },
			},
		},
	});
	vi.spyOn(ports().deadLetters, "groups").mockResolvedValue({
		groups: [{ ...group, count: 1, reason: "rare" }, group],
	});
	const { status, text } = await reader.get("/overview");
	expect(status).toBe(200);
	expect(text).toMatch(
		/<title>\d{4}-\d\d-\d\d \d\d:\d\d UTC: 45 delivered, 12 failed, retried, 3 dead, 2 ignored<\/title>/,
	);
	const plain = plainOf(text);
	expect(plain).toMatch(/mail\/send .*20 75 % ≈ 5 ms ≈ 990 ms calm .*40 0 %/);
	expect(text).toContain("/events?q=handler%3Amail%2Fsend");
	expect(plain).toMatch(
		/order &lt;n&gt; is closed sync-ledger · exhausted 4.312 .* rare/,
	);
	expect(text).toContain(
		"/dead-letters?q=handler%3Async-ledger+cause%3Aexhausted+reason%3A%22Error%3A+order+%3Cn%3E+is+closed%22",
	);
	expect(text).not.toMatch(/style=/);
});

test("a deploy has a mark where it began, except one that may have begun before", async () => {
	const reader = await person();
	const now = Date.now();
	happened({
		50: { events: { published: 1 }, deploys: { earlier: now - 50 * MINUTE } },
		10: { events: { published: 1 }, deploys: { later: now - 10 * MINUTE } },
	});
	const { text } = await reader.get("/overview");
	expect(text).toContain("<title>deploy later began at ");
	expect(text).not.toContain("deploy earlier");
	const bindings = env as unknown as Record<string, unknown>;
	const timestamp = new Date(now - 51 * MINUTE).toISOString();
	bindings.CF_VERSION_METADATA = { id: "earlier", tag: "", timestamp };
	try {
		expect((await reader.get("/overview")).text).toContain("deploy earlier");
	} finally {
		delete bindings.CF_VERSION_METADATA;
	}
});

test("the overview makes eight object calls, and its live updates one until half a minute has passed", async () => {
	const reader = await person();
	happened({ 1: { events: { published: 1 } } });
	const { deadLetters, scheduler, payloads } = ports();
	const calls = {
		rates: vi.mocked(journal().counts),
		counts: vi.spyOn(deadLetters, "counts"),
		groups: vi.spyOn(deadLetters, "groups").mockResolvedValue({
			groups: [group],
			cursor: btoa('[1,"x"]'),
		}),
		// One call of each of the four shards.
		figures: vi.spyOn(scheduler, "figures"),
		payloads: vi.spyOn(payloads, "get"),
	};
	const made = () =>
		Object.fromEntries(
			Object.entries(calls).map(([name, spy]) => [name, spy.mock.calls.length]),
		);
	await reader.get("/overview?range=day");
	const each = { rates: 1, counts: 1, groups: 1, figures: 1, payloads: 1 };
	expect(made()).toEqual(each);
	// Another page has read its rates before, and nobody this one's.
	await reader.get("/overview/live?range=week&version=older");
	expect(made()).toEqual({ ...each, rates: 2 });
	vi.useFakeTimers({ toFake: ["Date"] });
	try {
		vi.setSystemTime(Date.now() + 31_000);
		const { text } = await reader.get("/overview/live?range=week&version=old");
		expect(text).toContain('data: <div class="stack">');
		expect(made()).toEqual({
			rates: 3,
			counts: 2,
			groups: 2,
			figures: 2,
			payloads: 2,
		});
	} finally {
		vi.useRealTimers();
	}
});

test("a part that cannot be read says why, and the others are shown", async () => {
	const reader = await person();
	vi.spyOn(journal(), "counts").mockRejectedValue(
		new UnavailableError("the journal is away"),
	);
	const { deadLetters } = ports();
	vi.spyOn(deadLetters, "groups").mockRejectedValue(
		new UnavailableError("the letters are away"),
	);
	vi.spyOn(deadLetters, "counts").mockRejectedValue(new Error("away"));
	const { status, text } = await reader.get("/overview");
	expect(status).toBe(200);
	expect(text).toContain("Rates: the journal is away");
	expect(text).toContain("Groups of dead letters: the letters are away");
	expect(text).toContain("store unavailable</b>: dead letters did not answer");
	expect(plainOf(text)).toContain("In the queues 0 nothing waits");
});

test("without events and dead letters the overview teaches how to publish one", async () => {
	const reader = await person();
	happened({});
	vi.spyOn(ports().deadLetters, "groups").mockResolvedValue({ groups: [] });
	const { text } = await reader.get("/overview?range=week");
	expect(text).toContain("Nothing happened in the last week");
	expect(text).toContain("/v1/events&#39;");
	expect(text).toContain("There are no dead letters");
	// The owner lists user.joined, and would reject another body.
	const body = '"name":"user.joined","body":{"userId":"userId","email":"ada@';
	expect(text).toContain(body.replaceAll('"', "&quot;"));
	expect(text).toContain("events.on(&quot;user.joined&quot;");
	vi.spyOn(portsOf(events).scheduler, "list").mockResolvedValue({ found: [] });
	const scheduled = await reader.get("/scheduled");
	expect(scheduled.text).toContain(body.replaceAll('"', "&quot;"));
	expect(scheduled.text).toContain("&quot;after&quot;:&quot;2 days&quot;");
});

test("text of a stranger is escaped on the overview", async () => {
	const reader = await person();
	happened({
		1: {
			deploys: { [EVIL]: 1, [`${EVIL}2`]: Date.now() },
			handlers: { [EVIL]: { delivered: 1, retrying: 1, dead: 1, durations } },
		},
	});
	vi.spyOn(ports().deadLetters, "groups").mockResolvedValue({
		groups: [{ ...group, handler: EVIL, reason: EVIL }],
	});
	for (const path of [
		"/overview",
		"/overview/live?version=older",
		`/overview?range=${encodeURIComponent(EVIL)}`,
	]) {
		const { text } = await reader.get(path);
		expect(text, path).toContain("alert(1)");
		expect(text, path).not.toMatch(/<script>|<img src=x|="[^"]*"'>/);
	}
});

test("the overview of a busy week with a hundred handlers has less than 100 KB", async () => {
	const reader = await person();
	const failing = { delivered: 9e6, retrying: 9e6, dead: 9e6, durations };
	const handlers = Object.fromEntries(
		Array.from({ length: 100 }, (_, n) => [
			`worker-${n}/handler-${n}`,
			failing,
		]),
	);
	const now = Date.now();
	vi.spyOn(journal(), "counts").mockImplementation(async (since, until, step) =>
		Array.from({ length: Math.ceil((until - since) / step) + 1 }, (_, n) => ({
			at: Math.floor(since / step) * step + n * step,
			counts: {
				events: { published: 9e6, ignored: 9e6 },
				handlers,
				deploys: n < 10 ? { [`version-${n}`]: now - 9e6 + n } : {},
			},
		})),
	);
	vi.spyOn(ports().deadLetters, "groups").mockResolvedValue({
		groups: Array.from({ length: 1_000 }, (_, n) => ({
			...group,
			reason: `${n} ${"x".repeat(200)}`.slice(0, 200),
		})),
		uncounted: 3,
	});
	for (const range of ["hour", "day", "week"]) {
		const { text } = await reader.get(`/overview?range=${range}`);
		expect(text.length).toBeLessThan(100_000);
		expect(plainOf(text)).toContain("980 more groups");
		expect(plainOf(text)).toContain("Not counted: 3 dead letters in smaller");
		expect(plainOf(text)).toContain("80 more handlers");
	}
});
