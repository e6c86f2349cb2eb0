/** The pages of dead letters and jobs: what they show, what they offer to whom, and what their actions do. */
import { exports } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { DeadLetters } from "../../src/dead-letters/dead-letters-object.ts";
import type { NewDeadLetter } from "../../src/event/dead-letter.ts";
import { newId } from "../../src/event/id.ts";
import {
	objectContext,
	setObjectContext,
} from "../../src/platform/object-context.ts";
import { portsOf } from "../../src/registration.ts";
import { installKeys } from "../support/http.ts";
import { behaviours, events, transitions } from "../support/worker.ts";
import { signedIn } from "./visit.ts";

beforeEach(async () => {
	await installKeys();
	vi.spyOn(console, "info").mockReturnValue();
	vi.spyOn(console, "warn").mockReturnValue();
});
afterEach(() => {
	behaviours.clear();
	vi.restoreAllMocks();
});

const wait = { timeout: 20_000, interval: 20 };

const person = (key: "admin" | "read" = "admin") =>
	signedIn(key, "/dead-letters");

const store = () =>
	(
		exports as unknown as { DeadLetters: DurableObjectNamespace<DeadLetters> }
	).DeadLetters.getByName("dead-letters");

/** Stores dead letters, and returns their ids. */
async function bury(
	count: number,
	changes: Partial<NewDeadLetter> & { name?: string; tags?: object } = {},
): Promise<string[]> {
	const now = Date.now();
	const { name = "load.one", tags, ...rest } = changes;
	const { handler = "load" } = rest;
	const letters = Array.from({ length: count }, () => {
		const id = newId(now, 4);
		return {
			id: `${id}:${handler}`,
			handler,
			cause: "exhausted",
			attempts: 3,
			head: { id, name, time: now, delay: 0, ...(tags && { tags }) },
			body: '{"n":12345678901234567890}',
			error: { name: "Error", message: "busy", stack: "Error: busy\n at f" },
			firstFailureAt: now,
			lastFailureAt: now,
			...rest,
		} as NewDeadLetter;
	});
	await store().store(letters, "v1");
	return letters.map(({ id }) => id);
}

const pathOf = (id: string) => `/dead-letters/${encodeURIComponent(id)}`;
const stateOf = async (id: string) => (await store().get(id))?.state;
const plain = (html: string) =>
	html.replace(/<[^>]*>/g, " ").replace(/\s+/g, " ");
const done = (event: string) =>
	transitions.filter(({ id, by }) => id === event && by !== undefined);
const eventIn = (id: string) => id.slice(0, 36);

describe("the list of dead letters", () => {
	test("shows why each failed, its tags and the start of its body, and how many match", async () => {
		const customer = crypto.randomUUID();
		await bury(60, { tags: { customer } });
		const admin = await person();
		const list = vi.spyOn(portsOf(events).deadLetters, "list");
		const { text } = await admin.get(
			`/dead-letters?q=tag.customer:${customer}`,
		);
		expect(list).toHaveBeenCalledOnce();
		expect(text.match(/data-row/g)).toHaveLength(50);
		expect(text.length).toBeLessThan(100_000);
		const seen = plain(text);
		expect(seen).toContain("60 dead letters");
		expect(seen).toContain("load Error: busy");
		expect(seen).toContain("{&quot;n&quot;:12345678901234567890}");
		expect(seen).toContain(`customer: ${customer}`);
		expect(seen).toContain("exhausted");
		const next = /href="([^"]+)" rel="next"/.exec(text)?.[1] ?? "";
		const second = await admin.get(next.replaceAll("&amp;", "&"));
		expect(second.text.match(/data-row/g)).toHaveLength(10);
	});

	test("says that there are more than it has counted", async () => {
		await bury(1);
		const admin = await person();
		const { deadLetters } = portsOf(events);
		const found = await deadLetters.list({ limit: 1 });
		const counted = { ...found, count: 10_000, countedUntil: 1 };
		vi.spyOn(deadLetters, "list").mockResolvedValue(counted);
		const { text } = await admin.get("/dead-letters?q=since:1h");
		expect(plain(text)).toContain("10 000+ dead letters");
		expect(plain(text)).toContain("Replay all 10 000+…");
	});

	test("explains a wrong filter, and what an empty list means", async () => {
		const admin = await person();
		const wrong = await admin.get("/dead-letters?q=state:delivered");
		expect(wrong.status).toBe(400);
		expect(wrong.text).toContain("no dead letter is &quot;delivered&quot;");
		const none = await admin.get("/dead-letters?q=tag.customer:nobody");
		expect(none.text).toContain("No dead letter matches");
	});

	test("says how many dead letters are in groups that are left out", async () => {
		const admin = await person();
		const groups = vi.spyOn(portsOf(events).deadLetters, "groups");
		const seen = async (since: string) =>
			plain((await admin.get(`/dead-letters/groups?q=since:${since}`)).text);
		const sentence = "without 12\u202f000 dead letters in smaller groups";
		groups.mockResolvedValue({ groups: [] });
		expect(await seen("1h")).not.toContain("smaller groups");
		groups.mockResolvedValue({ groups: [], uncounted: 12_000 });
		expect(await seen("2h")).toContain(sentence.replace(/\s/g, " "));
	});

	test("is grouped by handler and error, and a group leads to its dead letters", async () => {
		const customer = crypto.randomUUID();
		const of = (message: string) => ({
			tags: { customer },
			error: { name: "Error", message },
		});
		await bury(1, of('order 17 of "ada" failed'));
		await bury(1, of('order 4711 of "ada" failed'));
		await bury(1, of("something else"));
		const admin = await person();
		const q = `tag.customer:${customer}`;
		const { text } = await admin.get(`/dead-letters/groups?q=${q}`);
		expect(plain(text)).toContain("2 groups");
		expect(plain(text)).toMatch(
			/Error: order &lt;n&gt; of .* load · exhausted/,
		);
		const [, group = ""] =
			/class="name" href="([^"]+)" data-row[^>]*>Error: order/.exec(text) ?? [];
		const listed = await admin.get(group.replaceAll("&amp;", "&"));
		expect(listed.text.match(/data-row/g)).toHaveLength(2);
	});

	test("is led to by each of its groups, with nothing of another group, also in a job", async () => {
		const customer = crypto.randomUUID();
		const of = (message: string, handler = "load") => ({
			tags: { customer },
			handler,
			error: { name: "Error", message },
		});
		await bury(5, of("bulk item 7 failed"));
		await bury(3, of("bulk item 1 of kind A failed"));
		await bury(2, of('bulk item 1 of "B\\" failed\r\nsecond line'));
		await bury(4, of("bulk item 7 failed", "order.*:send"));
		await bury(1, of("bulk item 7 failed", "order.paid:send"));
		const admin = await person();
		const words = `tag.customer:${customer} text:bulk since:1h`;
		const query = new URLSearchParams({ q: words });
		const { text } = await admin.get(`/dead-letters/groups?${query}`);
		const links = [...text.matchAll(/class="name" href="([^"]+)"/g)].map(
			([, link = ""]) => unescaped(link),
		);
		expect(new Set(links).size).toBe(5);
		const counts = [];
		for (const link of links) {
			expect(decodeURIComponent(link)).toContain("text:bulk");
			const list = await admin.get(link);
			const [, all = "", count] =
				/href="([^"]+)">Replay all (\d+)…/.exec(list.text) ?? [];
			expect(plain(list.text)).toMatch(new RegExp(` ${count} dead letter`));
			const job = await admin.get(unescaped(all));
			expect(plain(job.text)).toMatch(new RegExp(`Replay ${count} dead`));
			counts.push(Number(count));
		}
		expect(counts).toEqual([5, 4, 3, 2, 1]);
		for (const list of ["events", "scheduled", "deliveries"]) {
			const { status, text } = await admin.get(`/${list}?q=reason:busy`);
			expect([list, status]).toEqual([list, 400]);
			expect(text).toContain("unknown word &quot;reason&quot;; use id,");
		}
	});
});

describe("one dead letter", () => {
	test("shows its error with stack, its earlier failures, and a body whose numbers are as they were written", async () => {
		const [id = ""] = await bury(1);
		behaviours.set("load", () => {
			throw new Error("still busy");
		});
		const admin = await person();
		const get = vi.spyOn(portsOf(events).deadLetters, "get");
		const { text } = await admin.get(pathOf(id));
		expect(get).toHaveBeenCalledOnce();
		expect(text).toContain("Error: busy\n at f");
		expect(text).toContain("&quot;n&quot;: 12345678901234567890");
		expect(text).toContain(`href="/events/${eventIn(id)}"`);
		expect(plain(text)).toContain("exhausted : the last retry");
		await admin.post(`${pathOf(id)}/replay`, { body: bodyIn(text) });
		await vi.waitFor(async () => {
			const { text } = await admin.get(pathOf(id));
			expect(plain(text)).toContain("Error: still busy");
			expect(plain(text)).toContain(
				"First delivery exhausted after 3 attempts",
			);
		}, wait);
	});

	test("is replayed with its stored body if its text is unchanged, and is resolved", async () => {
		const [id = ""] = await bury(1);
		const admin = await person();
		const { text } = await admin.get(pathOf(id));
		const body = bodyIn(text).replaceAll("\n", "\r\n");
		const { status, location } = await admin.post(`${pathOf(id)}/replay`, {
			body,
		});
		expect([status, location]).toEqual([303, pathOf(id)]);
		await vi.waitFor(
			async () => expect(await stateOf(id)).toBe("resolved"),
			wait,
		);
		expect(done(eventIn(id))).toMatchObject([
			{ type: "replayed", by: "admin" },
		]);
		const after = await admin.get(pathOf(id));
		expect(after.text).toContain('class="state good">resolved');
		expect(after.text).toContain("Run the handler once more");
	});

	test("is replayed with an edited body that matches the schema, and the draft is checked while it is written", async () => {
		const [id = ""] = await bury(1, {
			handler: "audit",
			name: "user.joined",
			body: '{"userId":"u1","email":"nobody"}',
		});
		const bodies: unknown[] = [];
		behaviours.set("audit", ({ body }) => void bodies.push(body));
		const admin = await person();
		const { text } = await admin.get(pathOf(id));
		expect(text).toContain(`hx-post="${pathOf(id)}/check"`);
		const check = (body: string) => admin.post(`${pathOf(id)}/check`, { body });
		for (const [body, message] of [
			["{", "it is not JSON"],
			["", "it is not JSON"],
			["12345678901234567890", "would become"],
			['{"userId":"<b>"}', "<code>email</code>"],
			[bodyIn(text), "The stored body is replayed as it is"],
			['{"userId":"u1","email":"a@b.co"}', "matches the schema of user.joined"],
		] as const) {
			const { status, text } = await check(body);
			expect([body, status]).toEqual([body, 200]);
			expect(text).toContain(message);
			expect(text).not.toContain("<html");
		}
		const wrong = '{"userId":"<b>"}';
		const refused = await admin.post(`${pathOf(id)}/replay`, { body: wrong });
		expect(refused.status).toBe(422);
		expect(refused.text).toContain("<code>email</code>");
		expect(refused.text).toContain("&lt;b&gt;&quot;}</textarea>");
		expect(refused.text).not.toContain("hx-sse:connect");
		expect(await stateOf(id)).toBe("dead");
		const body = '{"userId":"u1","email":"a@b.co"}';
		expect((await admin.post(`${pathOf(id)}/replay`, { body })).status).toBe(
			303,
		);
		await vi.waitFor(
			async () => expect(await stateOf(id)).toBe("resolved"),
			wait,
		);
		expect(bodies).toEqual([JSON.parse(body)]);
	});

	test("that another person has replayed is not replayed again unless that is asked for", async () => {
		const [id = ""] = await bury(1);
		const admin = await person();
		const body = bodyIn((await admin.get(pathOf(id))).text);
		await admin.post(`${pathOf(id)}/replay`, { body });
		const { status, text } = await admin.post(`${pathOf(id)}/replay`, {
			body: "[1]",
		});
		expect(status).toBe(409);
		expect(text).toContain("is not replayed");
		expect(text).toContain(">[1]</textarea>");
		await vi.waitFor(
			async () => expect(await stateOf(id)).toBe("resolved"),
			wait,
		);
		const again = await admin.post(`${pathOf(id)}/replay`, {
			body,
			again: "yes",
		});
		expect(again.status).toBe(303);
		await vi.waitFor(() => expect(done(eventIn(id))).toHaveLength(2), wait);
	});

	test("is discarded, and the list says so", async () => {
		const [id = ""] = await bury(1);
		const admin = await person();
		expect((await admin.get(pathOf(id))).text).toContain(
			"Discard 1 dead letter",
		);
		const { location } = await admin.post(`${pathOf(id)}/discard`, {});
		expect((await admin.get(location as string)).text).toContain(
			"The dead letter is discarded.",
		);
		expect((await admin.get(pathOf(id))).status).toBe(404);
		expect(done(eventIn(id))).toMatchObject([
			{ type: "discarded", by: "admin" },
		]);
		const q = `state:discarded id:"${eventIn(id)}"`;
		const { text } = await admin.get(
			`/dead-letters?${new URLSearchParams({ q })}`,
		);
		expect(text).toContain(`href="/events/${eventIn(id)}" data-row`);
	});

	test("whose body is long, gone or of a newer version says how it can be replayed", async () => {
		const long = JSON.stringify({ text: "x".repeat(100_000) });
		const [first = ""] = await bury(1, { body: long });
		const [gone = ""] = await bury(1, { body: null });
		const [newer = ""] = await bury(1, {
			cause: "newer_version",
			body: '"{}"',
		});
		const admin = await person();
		const { text } = await admin.get(pathOf(first));
		expect(text.length).toBeLessThan(20_000);
		expect(text).toContain("Another body (optional)");
		expect((await admin.get(`${pathOf(first)}/body`)).text).toBe(long);
		expect((await admin.get(pathOf(gone))).text).toContain(" required=");
		expect((await admin.get(pathOf(newer))).text).not.toContain("<textarea");
		await admin.post(`${pathOf(first)}/replay`, { body: "" });
		await vi.waitFor(
			async () => expect(await stateOf(first)).toBe("resolved"),
			wait,
		);
	});

	test("is only read with a key that may only read", async () => {
		const [id = ""] = await bury(1);
		const reader = await person("read");
		const list = await reader.get(`/dead-letters?q=id:"${eventIn(id)}"`);
		expect(list.text).toContain("data-row");
		expect(list.text).not.toContain("Replay all");
		const { text } = await reader.get(pathOf(id));
		expect(text).toContain('<span class="other">12345678901234567890</span>');
		expect(text).not.toMatch(/Replay 1|Discard 1|<textarea/);
		for (const act of ["replay", "discard", "check"]) {
			const { status } = await reader.post(`${pathOf(id)}/${act}`, {
				body: "1",
			});
			expect([act, status]).toEqual([act, 403]);
		}
		expect(await stateOf(id)).toBe("dead");
	});
});

test("text of a stranger is escaped in dead letters, their groups and jobs", async () => {
	const evil = `"'><script>alert(1)</script><img src=x onerror=alert(2)>&amp;`;
	const error = { name: evil, message: evil, stack: evil };
	const [id = ""] = await bury(1, {
		handler: evil,
		name: evil,
		tags: { evil },
		body: JSON.stringify(evil),
		error: { ...error, cause: error, issues: [{ path: evil, message: evil }] },
	});
	const admin = await person();
	const q = `id:"${eventIn(id)}"`;
	for (const path of [
		pathOf(id),
		`/dead-letters?${new URLSearchParams({ q })}`,
		`/dead-letters/groups?${new URLSearchParams({ q })}`,
		`/jobs/new?${new URLSearchParams({ action: "discard", q: `text:'${evil.replaceAll(/[\s"]/g, "")}` })}`,
	]) {
		const { status, text } = await admin.get(path);
		expect([path, status]).toEqual([path, 200]);
		expect(text).toMatch(/alert\(\d\)/);
		expect(text).not.toMatch(/<script>|<img src=x/);
		expect(text, path).not.toMatch(/="[^"]*"'>|&amp;amp;amp;/);
	}
});

describe("a job", () => {
	const fieldsIn = (text: string) =>
		Object.fromEntries(
			[...text.matchAll(/type="hidden" name="(\w+)" value="([^"]*)"/g)].map(
				([, name, value]) => [name as string, unescaped(value as string)],
			),
		);

	test("on all that match begins once their number is typed, and its page shows its progress", async () => {
		const customer = crypto.randomUUID();
		const ids = await bury(7, { tags: { customer } });
		const admin = await person();
		const q = `tag.customer:${customer}`;
		const list = await admin.get(`/dead-letters?q=${q}`);
		const [, link = ""] = /href="([^"]+)">Replay all 7…/.exec(list.text) ?? [];
		const { text } = await admin.get(link.replaceAll("&amp;", "&"));
		expect(plain(text)).toContain("Replay 7 dead letters?");
		expect(plain(text)).toContain("only in the handler that failed");
		const fields = fieldsIn(text);
		expect(fields.q).toMatch(new RegExp(`^${q} until:\\d{4}-`));
		for (const typed of ["", "8", "seven"]) {
			const refused = await admin.post("/jobs", { ...fields, typed });
			expect(refused.status).toBe(422);
			expect(refused.text).toContain("and the number is 7. Nothing was done");
		}
		for (const count of ["", "many", "-1", "1e9"]) {
			const typed = { typed: count, count };
			const refused = await admin.post("/jobs", { ...fields, ...typed });
			expect(refused.text).toContain("Nothing was done");
			expect(refused.text).not.toContain("NaN");
		}
		// Those that fail meanwhile are not a part of it.
		await bury(1, { tags: { customer }, lastFailureAt: Date.now() + 60_000 });
		const { status, location } = await admin.post("/jobs", {
			...fields,
			typed: "7",
		});
		expect(status).toBe(303);
		await vi.waitFor(async () => {
			const { text } = await admin.get(location as string);
			expect(text).toContain('class="state good">done');
			expect(plain(text)).toContain("7 done 0 not done 0 left");
			expect(plain(text)).toContain("by admin");
		}, wait);
		for (const id of ids)
			await vi.waitFor(
				async () => expect(await stateOf(id)).toBe("resolved"),
				wait,
			);
		const history = await admin.get("/jobs");
		expect(history.text).toContain(`href="${location}" data-row`);
		expect(plain(history.text)).toContain("7 of 7");
	}, 30_000);

	test("does not begin if more match than its person has seen", async () => {
		const customer = crypto.randomUUID();
		await bury(2, { tags: { customer } });
		const admin = await person();
		const until = new Date(Date.now() + 60_000).toISOString();
		const q = `tag.customer:${customer} until:${until}`;
		const query = new URLSearchParams({ action: "discard", q });
		const fields = fieldsIn((await admin.get(`/jobs/new?${query}`)).text);
		const [late = ""] = await bury(1, { tags: { customer } });
		const { status, text } = await admin.post("/jobs", {
			...fields,
			typed: "2",
		});
		expect(status).toBe(422);
		expect(text).toContain(
			"3 match by now, more than the 2 that were confirmed",
		);
		expect(fieldsIn(text).count).toBe("3");
		expect(await stateOf(late)).toBe("dead");
	});

	test("that runs can be stopped, and begun again with what still matches", async () => {
		const customer = crypto.randomUUID();
		const ids = await bury(60, { tags: { customer } });
		const admin = await person();
		const begin = async (link: string) => {
			const { text } = await admin.get(link.replaceAll("&amp;", "&"));
			expect(plain(text)).toContain("Replay 60 dead letters?");
			const fields = { ...fieldsIn(text), typed: "60" };
			return (await admin.post("/jobs", fields)).location as string;
		};
		// A batch that fails is run again, so the job goes on.
		const { runJobStep } = objectContext();
		setObjectContext({
			runJobStep: async () => {
				throw new Error("the store is down");
			},
		});
		const first = await begin(
			`/jobs/new?action=replay&q=tag.customer:${customer}`,
		);
		const running = await admin.get(first);
		expect(running.text).toContain('class="state wait">running');
		expect(running.text).toContain('<progress max="60" value="0"');
		expect(plain(running.text)).toContain("60 items stay as they are");
		expect((await admin.post(`${first}/stop`, {})).location).toBe(first);
		const stopped = await admin.get(first);
		expect(stopped.text).toContain('class="state idle">stopped');
		expect(plain(stopped.text)).toContain("0 done 0 not done 60 not tried");
		expect(stopped.text).not.toContain("/stop");
		const late = await admin.post(`${first}/stop`, {});
		expect(late.status).toBe(303);
		const ended = await admin.get(late.location as string);
		expect(ended.text).toContain("The job had already ended.");
		expect(ended.text).toContain('class="state idle">stopped');
		expect((await admin.post("/jobs/none/stop", {})).status).toBe(404);
		expect(await stateOf(ids[0] as string)).toBe("dead");

		setObjectContext({ runJobStep });
		const [, again = ""] =
			/href="([^"]+)">Replay what still matches/.exec(stopped.text) ?? [];
		const second = await begin(again);
		await vi.waitFor(async () => {
			const { text } = await admin.get(second);
			expect(plain(text)).toContain("60 done 0 not done 0 left");
			expect(await stateOf(ids[0] as string)).toBe("resolved");
		}, wait);
	}, 30_000);

	test("shows what it could not act on, and why", async () => {
		const admin = await person();
		const { jobs } = portsOf(events);
		vi.spyOn(jobs, "get").mockResolvedValue({
			id: "j1",
			action: "erase",
			q: "state:dead",
			state: "done",
			count: 60,
			done: 59,
			failed: 1,
			left: 0,
			by: "admin",
			counts: { deadLetters: 7 },
			remaining: { queues: 1, payloads: 2 },
			errors: [{ id: "e:h", reason: "<b>" }],
			startedAt: Date.now() - 5_000,
			endedAt: Date.now(),
		});
		const { text } = await admin.get("/jobs/j1");
		expect(plain(text)).toContain("59 done 1 not done 0 left");
		expect(text).toContain('<progress max="60" value="60"');
		expect(text).toContain('href="/dead-letters/e%3Ah"');
		expect(text).toContain("&lt;b&gt;");
		expect(plain(text)).toContain("7 dead letters");
		expect(plain(text)).toContain("messages in the queues until 1970-01-01");
		expect(text).not.toContain("/jobs/new");
	});

	test("is neither offered to a key that may only read, nor begun or stopped by it", async () => {
		const reader = await person("read");
		expect((await reader.get("/jobs")).status).toBe(200);
		const query = "action=discard&q=state:dead";
		expect((await reader.get(`/jobs/new?${query}`)).status).toBe(403);
		const fields = { action: "discard", q: "", count: "0", typed: "0" };
		expect((await reader.post("/jobs", fields)).status).toBe(403);
		expect((await reader.post("/jobs/none/stop", {})).status).toBe(403);
	});

	test("of an unknown kind, or with a wrong filter, is explained", async () => {
		const admin = await person();
		for (const [query, message] of [
			["action=erase&q=tag.customer:c42", "use replay, discard, cancel"],
			["action=replay&q=stat:dead", "unknown word"],
			["action=cancel&q=state:dead", "scheduled events are not found by"],
		]) {
			const { status, text } = await admin.get(`/jobs/new?${query}`);
			expect([query, status]).toEqual([query, 400]);
			expect(text).toContain(message);
		}
		expect((await admin.get("/jobs/none")).status).toBe(404);
	});
});

/** The text of the textarea. */
function bodyIn(text: string): string {
	const [, body = ""] = /<textarea[^>]*>([^<]*)<\/textarea>/.exec(text) ?? [];
	return unescaped(body);
}

function unescaped(text: string): string {
	return text
		.replaceAll("&quot;", '"')
		.replaceAll("&lt;", "<")
		.replaceAll("&gt;", ">")
		.replaceAll("&#39;", "'")
		.replaceAll("&amp;", "&");
}
