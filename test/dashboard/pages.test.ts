/** What the pages of events show, and that nothing of an event becomes markup. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { deadLetterFilter } from "../../src/dead-letters/dead-letter-filter.ts";
import { newId } from "../../src/event/id.ts";
import { countsOf } from "../../src/journal/counters.ts";
import type { Entry } from "../../src/journal/entry.ts";
import { pageOf } from "../../src/journal/page.ts";
import { journalFilter } from "../../src/journal/read.ts";
import type { JournalStore } from "../../src/ports.ts";
import { portsOf } from "../../src/registration.ts";
import { deliveryFilter } from "../../src/schedule/delivery-filter.ts";
import { scheduledFilter } from "../../src/schedule/scheduled-filter.ts";
import { installKeys } from "../support/http.ts";
import { events } from "../support/worker.ts";
import { signedIn } from "./visit.ts";

beforeEach(async () => {
	await installKeys();
	vi.spyOn(console, "info").mockReturnValue();
});
afterEach(() => vi.restoreAllMocks());

const person = () => signedIn("admin");

/** Writes entries to the journal, as if they had happened. */
async function record(...entries: Entry[]): Promise<void> {
	const { journal } = portsOf(events);
	await journal?.store.record(await pageOf(entries), countsOf(entries));
}

const EVIL = `"'><script>alert(1)</script><img src=x onerror=alert(2)>&amp;`;

test("text of a stranger is escaped wherever an event, error, handler or tag has it", async () => {
	const now = Date.now();
	const id = newId(now, 4);
	const error = {
		name: EVIL,
		message: EVIL,
		stack: EVIL,
		issues: [{ path: EVIL, message: EVIL }],
		cause: { name: EVIL, message: EVIL },
		errors: [{ name: EVIL, message: EVIL, stack: EVIL }],
	};
	await record({
		id,
		name: EVIL,
		time: now,
		by: EVIL,
		trace: EVIL,
		queuedMs: 3,
		tags: { [EVIL]: EVIL },
		body: JSON.stringify({ [EVIL]: EVIL }),
		steps: [
			{
				type: "dead",
				at: now,
				handler: EVIL,
				attempt: 1,
				startedAt: now,
				cause: EVIL as never,
				error,
			},
			{
				type: "waiting",
				at: now,
				handler: "h",
				attempt: 1,
				reason: EVIL,
				retryAt: now + 60_000,
			},
		],
	});
	const reader = await person();
	const q = encodeURIComponent(`id:"${id}"`);
	for (const path of [
		`/events/${id}`,
		`/events?q=${q}`,
		`/events/live?q=${q}`,
		`/events/${id}/live`,
		`/events?q=${encodeURIComponent(EVIL)}`,
		`/${encodeURIComponent(EVIL)}`,
		`/events/${encodeURIComponent(EVIL)}`,
	]) {
		const { text } = await reader.get(path);
		expect(text.length, path).toBeGreaterThan(300);
		expect(text, path).toMatch(/alert\(\d\)|alert%28/);
		expect(text, path).not.toMatch(/<script>|<img src=x/);
		// No attribute of ours contains a quote of the text.
		expect(text, path).not.toMatch(/="[^"]*"'>|&amp;amp;amp;/);
	}
});

test("an event shows its number of attempts, its next one, and the body as it was recorded", async () => {
	const now = Date.now();
	const id = newId(now, 4);
	const failure = { name: "Error", message: "busy" };
	const attempt = { handler: "first", error: failure };
	await record({
		id,
		name: "order.placed",
		time: now,
		queuedMs: 3,
		by: "storefront",
		body: '{"n":12345678901234567890}',
		tags: { customer: "c42" },
		steps: [1, 2].map((number) => ({
			type: "retrying",
			...attempt,
			attempt: number,
			at: now + number,
			startedAt: now,
			retryAt: now + 42_000,
		})),
	} as Entry);
	const { text } = await (await person()).get(`/events/${id}`);
	const plain = text.replace(/<[^>]*>/g, " ").replace(/\s+/g, " ");
	expect(plain).toContain("Attempt 2 of 3 failed after 2 ms");
	expect(plain).toMatch(/Attempt 3 of 3 next in 4\d\.\d s/);
	expect(plain).toContain("by storefront");
	expect(text).toContain('<span class="other">12345678901234567890</span>');
	expect(text).toContain("?q=tag.customer%3Ac42");
});

test("an event says that a page which may have more of it cannot be read", async () => {
	const now = Date.now();
	// Two, because viewers of one event share its snapshot.
	const [whole, partial] = [newId(now, 4), newId(now, 4)];
	for (const id of [whole, partial])
		await record({
			id,
			name: "order.placed",
			time: now,
			queuedMs: 3,
			steps: [{ type: "ignored", at: now }],
		});
	const reader = await person();
	const sentence = "of the journal cannot be read";
	expect((await reader.get(`/events/${whole}`)).text).not.toContain(sentence);
	const store = portsOf(events).journal?.store as JournalStore;
	const { search } = store;
	vi.spyOn(store, "search").mockImplementation(async (...query) => ({
		...(await search.apply(store, query)),
		unreadable: [{ day: 1, id: 1 }],
	}));
	const { text } = await reader.get(`/events/${partial}/live`);
	expect(text.replace(/\s+/g, " ")).toContain(`1 page ${sentence}`);
});

test("a body that was cut is neither copied nor published again", async () => {
	const now = Date.now();
	const id = newId(now, 4);
	await record({
		id,
		name: "order.placed",
		time: now,
		queuedMs: 3,
		body: '{"text":"abc',
		bodyBytes: 5_000,
		steps: [{ type: "ignored", at: now }],
	});
	const { text } = await (await person()).get(`/events/${id}`);
	expect(text).toContain("the start of 5000 bytes");
	expect(text).not.toContain("Copy as curl");
	expect(text).toMatch(/<textarea[^>]*><\/textarea>/);
});

test("an invalid filter or cursor says what is wrong next to the bar", async () => {
	const reader = await person();
	for (const [query, message] of [
		["q=stat:dead", "unknown word &quot;stat&quot;"],
		["q=state:resolved", "the journal does not know resolved"],
		["q=state:died", "dead, replaying, discarded, cancelled, ignored<"],
		["cursor=x", "it is not a cursor"],
	]) {
		const { status, text } = await reader.get(`/events?${query}`);
		expect([query, status]).toEqual([query, 400]);
		expect(text).toContain(message);
		expect(text).toContain('role="alert"');
	}
});

test("a list has pages, and links to the next one", async () => {
	const now = Date.now();
	const customer = crypto.randomUUID();
	await record(
		...Array.from({ length: 60 }, (_, n) => ({
			id: newId(now, 4),
			name: "order.placed",
			time: now + n,
			tags: { customer },
			steps: [{ type: "ignored" as const, at: now + n }],
		})),
	);
	const reader = await person();
	const first = await reader.get(`/events?q=tag.customer:${customer}`);
	expect(first.text.match(/data-row/g)).toHaveLength(50);
	const next = /href="([^"]+)" rel="next"/.exec(first.text)?.[1] ?? "";
	const second = await reader.get(next.replaceAll("&amp;", "&"));
	expect(second.text.match(/data-row/g)).toHaveLength(10);
	expect(second.text).not.toContain("hx-sse:connect");
	expect(first.text.length).toBeLessThan(100_000);
});

test("viewers of a list share one query, and each gets only what it has not seen", async () => {
	const first = await person();
	const q = `text:${crypto.randomUUID()}`;
	const store = portsOf(events).journal?.store as JournalStore;
	const search = vi.spyOn(store, "list");
	const { text } = await first.get(`/events?q=${q}`);
	const calls = search.mock.calls.length;
	expect(calls).toBeGreaterThan(0);
	const [, version] = /version=([\w-]+)/.exec(text) ?? [];
	const stream = `/events/live?q=${q}`;
	const old = await first.get(`${stream}&version=older`);
	expect(old.text).toContain("No event matches");
	expect(old.text).toContain(`id: ${version}`);
	const same = await first.get(`${stream}&version=${version}`);
	expect(same.text).toMatch(/^event: fresh\ndata: \d{4}-/);
	const again = await first.get(stream, { "last-event-id": version as string });
	expect(again.text).toMatch(/^event: fresh/);
	expect(search.mock.calls.length).toBe(calls);
});

test("a page of events calls the journal once, and one more time a minute for suggestions", async () => {
	const now = Date.now();
	const id = newId(now, 4);
	await record({
		id,
		name: "order.placed",
		time: now,
		steps: [{ type: "ignored", at: now }],
	});
	const reader = await person();
	const store = portsOf(events).journal?.store as JournalStore;
	await reader.get("/events");
	const list = vi.spyOn(store, "list");
	const search = vi.spyOn(store, "search");
	for (const path of ["/events", "/events?q=state:dead", `/events/${id}`]) {
		list.mockClear();
		search.mockClear();
		expect((await reader.get(path)).status).toBe(200);
		const calls = [...list.mock.calls, ...search.mock.calls];
		expect(calls, path).toHaveLength(1);
	}
});

test("the filter bar of each list suggests what the list accepts, and nothing else", async () => {
	const now = Date.now();
	const id = newId(now, 4);
	const tags = { customer: "c 42" };
	const steps = [{ type: "ignored" as const, at: now }];
	await record({ id, name: "order.placed", time: now, tags, steps });
	vi.spyOn(Date, "now").mockReturnValue(now + 120_000);
	const reader = await person();
	for (const [path, filter, has, lacks] of [
		["/events", journalFilter, "state:dead cause:expired", "state:resolved"],
		["/dead-letters", deadLetterFilter, "cause:expired", "state:delivered"],
		["/dead-letters/groups", deadLetterFilter, "until:2h", "state:retrying"],
		["/deliveries", deliveryFilter, "state:waiting until:2h", "cause:expired"],
		["/scheduled", scheduledFilter, "state:scheduled", "state:dead until:2h"],
	] as const) {
		const { text } = await reader.get(path);
		const words = [...text.matchAll(/<option value="([^"]+)"/g)].map(
			([, word = ""]) => word.replaceAll("&quot;", '"'),
		);
		for (const word of words) expect(() => filter(word, now)).not.toThrow();
		expect(words, path).toEqual(expect.arrayContaining(has.split(" ")));
		expect(words).toContain('tag.customer:"c 42"');
		for (const word of lacks.split(" ")) expect(words).not.toContain(word);
		expect(words.some((word) => word.startsWith("until:2"))).toBe(true);
		const wantsHandlers = path !== "/scheduled";
		expect(words.some((word) => word.startsWith("handler:"))).toBe(
			wantsHandlers,
		);
	}
});

test("a body that is refused is shown again with the reason, and nothing is published", async () => {
	const now = Date.now();
	const id = newId(now, 4);
	await record({
		id,
		name: "user.joined",
		time: now,
		tags: { customer: "c42" },
		steps: [{ type: "ignored", at: now }],
	});
	const actor = await person();
	await actor.get(`/events/${id}`);
	for (const [body, message] of [
		["{", "it is not JSON"],
		["12345678901234567890", "would become"],
		['{"userId":"<b>"}', "does not match the schema"],
	] as const) {
		const { status, text } = await actor.post(`/events/${id}/publish`, {
			body,
		});
		expect([body, status]).toEqual([body, 422]);
		expect(text).toContain(message);
		expect(text).toContain(`>${body.replace(/["<>]/g, escaped)}</textarea>`);
	}
	const body = '{"userId":"u1","email":"a@b.co"}';
	const { status, location } = await actor.post(`/events/${id}/publish`, {
		body,
		tags: "same",
	});
	expect(status).toBe(303);
	await vi.waitFor(async () => {
		const { text } = await actor.get(location as string);
		expect(text).toContain("by <b>admin</b>");
		expect(text).toContain("customer:<b>c42</b>");
	});
});

function escaped(character: string): string {
	return { '"': "&quot;", "<": "&lt;" }[character] ?? "&gt;";
}
