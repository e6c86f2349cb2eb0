/** Dead letters in their store, and what is done with them: replay, replay of many, discard. */
import {
	evictDurableObject,
	runDurableObjectAlarm,
	runInDurableObject,
} from "cloudflare:test";
import { exports } from "cloudflare:workers";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { DeadLetters } from "../../src/dead-letters/dead-letters-object.ts";
import { groupDeadLetters } from "../../src/dead-letters/groups.ts";
import {
	discard,
	readDeadLetter,
	replay,
} from "../../src/dead-letters/replay.ts";
import type { NewDeadLetter } from "../../src/event/dead-letter.ts";
import { countMatches } from "../../src/jobs/count-matches.ts";
import type { DeadLetterStore } from "../../src/ports.ts";
import { read } from "../support/incoming.ts";
import { recordingPorts } from "../support/ports.ts";

const T0 = Date.UTC(2027, 0, 1);
const DAY = 86_400_000;

let count = 0;
let store: DurableObjectStub<DeadLetters>;

beforeEach(() => {
	const { DeadLetters: namespace } = exports as unknown as {
		DeadLetters: DurableObjectNamespace<DeadLetters>;
	};
	store = namespace.getByName(`dead-letters-test-${++count}`);
});
afterEach(() => vi.useRealTimers());

function deadLetter(
	n: number,
	changes: Partial<NewDeadLetter> = {},
): NewDeadLetter {
	return {
		id: `e${n}:first`,
		head: { id: `e${n}`, name: "order.placed", time: T0, delay: 0 },
		body: JSON.stringify({ n }),
		handler: "first",
		cause: "exhausted",
		error: { name: "Error", message: `no, ${n}` },
		attempts: 3,
		firstFailureAt: T0,
		lastFailureAt: T0 + n,
		...changes,
	};
}

const ports = () =>
	recordingPorts({ deadLetters: store as unknown as DeadLetterStore });
const ids = async (query = {}) =>
	(await store.list(query)).deadLetters.map(({ id }) => id);

test("an event has one dead letter for each handler: a duplicate changes nothing, a later failure updates it", async () => {
	await store.store([deadLetter(1)]);
	await store.store([deadLetter(1)]);
	await store.store([
		deadLetter(1, {
			lastFailureAt: T0,
			error: { name: "Error", message: "earlier" },
		}),
	]);
	expect(await store.get("e1:first")).toMatchObject({
		lastFailureAt: T0 + 1,
		error: { message: "no, 1" },
	});
	await store.store([
		deadLetter(1, {
			firstFailureAt: T0 + 5,
			lastFailureAt: T0 + 9,
			cause: "expired",
		}),
	]);
	expect(await store.get("e1:first")).toMatchObject({
		lastFailureAt: T0 + 9,
		cause: "expired",
		firstFailureAt: T0,
	});
	expect(await ids()).toEqual(["e1:first"]);
});

test("a later dead letter without a body retains the body of the earlier one", async () => {
	await store.store([deadLetter(1)]);
	await store.store([deadLetter(1, { lastFailureAt: T0 + 9, body: null })]);
	expect(await store.get("e1:first")).toMatchObject({
		lastFailureAt: T0 + 9,
		body: '{"n":1}',
	});
});

test("dead letters are listed latest first, in pages, with their count", async () => {
	await store.store([
		deadLetter(1),
		deadLetter(2),
		deadLetter(3, { cause: "expired" }),
	]);
	expect(await ids()).toEqual(["e3:first", "e2:first", "e1:first"]);
	const page = await store.list({ limit: 2 });
	expect(page.deadLetters).toHaveLength(2);
	expect(await ids({ cursor: page.cursor })).toEqual(["e1:first"]);
	expect(page.count).toBe(3);
});

test("a replay sends the event only to the handler that failed, from attempt 1", async () => {
	await store.store([deadLetter(1)]);
	const to = ports();
	expect(await replay("e1:first", {}, to)).toBe(1);
	expect(to.recorded.retries.map((sent) => read(sent.record))).toMatchObject([
		{
			id: "e1",
			body: { n: 1 },
			delivery: { handler: "first", attempt: 1, replay: 1 },
		},
	]);
	expect(await ids()).toEqual([]);
	expect(await ids({ filter: { state: "replaying" } })).toEqual(["e1:first"]);
	expect(await replay("none:first", {}, to)).toBe(false);
});

test("a replay with an edited body sends that body", async () => {
	await store.store([deadLetter(1)]);
	const to = ports();
	await replay("e1:first", { edited: { body: { n: 2 } } }, to);
	expect(to.recorded.retries.map((sent) => read(sent.record))).toMatchObject([
		{ id: "e1", body: { n: 2 }, delivery: { handler: "first", replay: 1 } },
	]);
});

test("a replay that dies before its send is confirmed is a dead letter, also on a machine whose clock is behind", async () => {
	await store.store([deadLetter(1, { lastFailureAt: T0 + 60_000 })]);
	const to = ports();
	to.retriesQueue.send = async () => {
		await store.store([
			deadLetter(1, {
				lastFailureAt: T0 + 5_000,
				replay: 1,
				error: { name: "Error", message: "again" },
			}),
		]);
	};
	await replay("e1:first", {}, to);
	expect(await store.get("e1:first")).toMatchObject({
		state: "dead",
		replays: 1,
		error: { message: "again" },
	});
	expect(await ids()).toEqual(["e1:first"]);
});

test("a replay that dies after its send was confirmed is a dead letter, also on a machine whose clock is behind", async () => {
	await store.store([deadLetter(1, { lastFailureAt: T0 + 60_000 })]);
	await replay("e1:first", {}, ports());
	expect(await ids()).toEqual([]);
	const died = deadLetter(1, { replay: 1, lastFailureAt: T0 + 100 });
	await store.store([died]);
	expect(await ids()).toEqual(["e1:first"]);
	expect(await store.get("e1:first")).toMatchObject({
		lastFailureAt: T0 + 100,
		replays: 1,
	});
	// A duplicate of the failure before it changes nothing.
	await replay("e1:first", {}, ports());
	await store.store([deadLetter(1, { lastFailureAt: T0 + 60_000 })]);
	expect(await ids()).toEqual([]);
});

test("a dead letter whose replay was not sent is dead again at once", async () => {
	await store.store([deadLetter(1)]);
	const to = ports();
	to.retriesQueue.send = async () => {
		throw new Error("Queue is overloaded");
	};
	await expect(replay("e1:first", {}, to)).rejects.toThrow("overloaded");
	expect(await ids()).toEqual(["e1:first"]);
});

test("a resolved dead letter whose next replay was not sent is resolved as before, and a replay that was sent after all decides", async () => {
	const notSent = async () => {
		throw new Error("Queue is overloaded");
	};
	for (const n of [1, 2]) {
		await store.store([deadLetter(n)]);
		await replay(`e${n}:first`, {}, ports());
		await store.resolve(`e${n}:first`, 1);
		const before = await store.get(`e${n}:first`);
		expect(before).toMatchObject({ state: "resolved", replays: 1 });
		const to = ports();
		to.retriesQueue.send = notSent;
		const again = replay(`e${n}:first`, { again: true }, to);
		await expect(again).rejects.toThrow("overloaded");
		expect(await store.get(`e${n}:first`)).toMatchObject({
			state: "resolved",
			replays: 2,
			changedAt: before?.changedAt,
		});
	}
	// A duplicate of the failure before it changes nothing.
	await store.store([deadLetter(1, { replay: 1, lastFailureAt: T0 + 9 })]);
	expect(await ids()).toEqual([]);
	await store.store([deadLetter(1, { replay: 2, lastFailureAt: T0 + 9 })]);
	expect(await ids()).toEqual(["e1:first"]);
	await store.resolve("e2:first", 2);
	await store.store([deadLetter(2, { replay: 2, lastFailureAt: T0 + 9 })]);
	expect(await ids()).toEqual(["e1:first"]);
	// One that was replaying is dead: its earlier replay cannot end it any more.
	await replay("e1:first", {}, ports());
	const to = ports();
	to.retriesQueue.send = notSent;
	const again = replay("e1:first", { again: true }, to);
	await expect(again).rejects.toThrow("overloaded");
	expect(await ids()).toEqual(["e1:first"]);
});

test("a replay with a large body stores the body for itself, and replaces no other", async () => {
	await store.store([deadLetter(1)]);
	const to = ports();
	const large = (fill: string) => ({
		edited: { body: fill.repeat(150_000) },
		again: true,
	});
	await replay("e1:first", large("a"), to);
	await replay("e1:first", large("b"), to);
	const references = to.recorded.retries.map(
		(sent) => read(sent.record).reference,
	);
	expect(
		references.map((key) => to.recorded.payloads.get(key ?? "")?.text[1]),
	).toEqual(["a", "b"]);
});

test("an edited body is checked by the schema of its event and by its size", async () => {
	await store.store([
		deadLetter(1, {
			head: { id: "e1", name: "user.joined", time: T0, delay: 0 },
		}),
	]);
	const to = ports();
	await expect(
		replay("e1:first", { edited: { body: {} } }, to),
	).rejects.toMatchObject({
		code: "schema_violation",
	});
	await expect(
		replay("e1:first", { edited: { body: undefined } }, to),
	).rejects.toMatchObject({ code: "invalid_body" });
	await expect(
		replay("e1:first", { edited: { body: "x".repeat(262_144) } }, to),
	).rejects.toThrow();
	expect(to.recorded.retries).toEqual([]);
});

test("an unreadable message cannot be replayed, and one of a newer version is sent unchanged", async () => {
	const raw = {
		id: "m1:",
		handler: "",
		head: { id: "m1", name: "", time: T0, delay: 0 },
	};
	await store.store([deadLetter(1, { ...raw, cause: "unreadable" })]);
	const to = ports();
	await expect(replay("m1:", {}, to)).rejects.toMatchObject({
		code: "invalid_request",
	});
	const text = '{"v":2}';
	await store.store([
		deadLetter(2, {
			...raw,
			id: "m2:",
			cause: "newer_version",
			body: JSON.stringify(text),
		}),
	]);
	await expect(
		replay("m2:", { edited: { body: 1 } }, to),
	).rejects.toMatchObject({
		code: "invalid_request",
		message: expect.stringContaining("replay it without a body"),
	});
	expect(to.recorded.retries).toEqual([]);
	await replay("m2:", {}, to);
	expect(to.recorded.retries.map(({ record }) => record)).toEqual([text]);
});

test("the record of a newer version is resolved once it is sent, and dead again if it fails again", async () => {
	const raw = {
		id: "m9:",
		handler: "",
		body: JSON.stringify('{"v":2}'),
		head: { id: "m9", name: "", time: T0, delay: 0 },
		cause: "newer_version",
	} as const;
	await store.store([deadLetter(9, raw)]);
	await replay("m9:", {}, ports());
	expect(await store.get("m9:")).toMatchObject({ state: "resolved" });
	await store.store([deadLetter(9, { ...raw, lastFailureAt: T0 + DAY })]);
	expect(await store.get("m9:")).toMatchObject({ state: "dead" });
});

test("ten replays at once send one message, and the others report that it is replaying", async () => {
	await store.store([deadLetter(1)]);
	const to = ports();
	const ends = await Promise.allSettled(
		Array.from({ length: 10 }, () => replay("e1:first", {}, to)),
	);
	expect(to.recorded.retries).toHaveLength(1);
	expect(ends.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
	for (const end of ends)
		if (end.status === "rejected")
			expect(end.reason).toMatchObject({
				code: "already_replayed",
				message: expect.stringContaining("has not ended"),
			});
});

test("a claim whose send was never confirmed is dead again after a minute, and its success still counts", async () => {
	vi.useFakeTimers({ toFake: ["Date"], now: T0 });
	await store.store([deadLetter(1)]);
	await store.claim("e1:first", 0, false);
	vi.setSystemTime(T0 + 59_999);
	expect(await ids()).toEqual([]);
	vi.setSystemTime(T0 + 60_000);
	expect(await ids()).toEqual(["e1:first"]);
	await store.resolve("e1:first", 1);
	expect(await ids({ filter: { state: "resolved" } })).toEqual(["e1:first"]);
});

test("a resolved dead letter is replayed only on request, and its first outcome is reported", async () => {
	await store.store([deadLetter(1)]);
	const to = ports();
	await replay("e1:first", {}, to);
	await store.resolve("e1:first", 1);
	await expect(replay("e1:first", {}, to)).rejects.toMatchObject({
		code: "already_replayed",
		message: expect.stringContaining("its replay was delivered at"),
	});
	expect(await replay("e1:first", { again: true }, to)).toBe(2);
	// A duplicate of the first replay decides nothing.
	await store.resolve("e1:first", 1);
	await store.store([deadLetter(1, { replay: 1, lastFailureAt: T0 + 9 })]);
	expect(await store.get("e1:first")).toMatchObject({
		state: "replaying",
		replays: 2,
	});
});

test("a duplicate of a replay that was delivered does not make it dead again", async () => {
	await store.store([deadLetter(1)]);
	await replay("e1:first", {}, ports());
	await store.resolve("e1:first", 1);
	await store.store([deadLetter(1, { replay: 1, lastFailureAt: T0 + DAY })]);
	expect(await store.get("e1:first")).toMatchObject({ state: "resolved" });
});

test("a dead letter has the history of its failures", async () => {
	await store.store([deadLetter(1)]);
	for (let n = 1; n <= 12; n++) {
		await replay("e1:first", {}, ports());
		const error = { name: "Error", message: `no, replay ${n}` };
		await store.store([deadLetter(1, { replay: n, error })]);
	}
	const { history, replays, error } = (await store.get("e1:first")) ?? {};
	expect({ replays, error }).toMatchObject({
		replays: 12,
		error: { message: "no, replay 12" },
	});
	expect(history).toHaveLength(10);
	expect(history?.at(-1)).toEqual({
		at: T0 + 1,
		attempts: 3,
		replay: 11,
		cause: "exhausted",
		error: { name: "Error", message: "no, replay 11" },
	});
});

test("dead letters are found by every word of a filter", async () => {
	const mail = "e1:mail/[1]?";
	const tags = { customer: "c42" };
	const head = { id: "e2", name: "order.paid", time: T0, delay: 0, tags };
	await store.store([
		deadLetter(1, { handler: "mail/[1]?", id: mail }),
		deadLetter(2, { head, cause: "expired", body: '{"text":"Größe"}' }),
		deadLetter(0, {
			id: "m1:",
			handler: "",
			cause: "unreadable",
			head: { id: "m1", name: "", time: T0, delay: 0 },
		}),
	]);
	for (const [filter, found] of [
		[{ tags }, ["e2:first"]],
		[{ tags: { customer: "c4" } }, []],
		[{ tags: { 'x"]': "c42" } }, []],
		[{ name: "order.*" }, ["e2:first", mail]],
		[{ name: "order.paid" }, ["e2:first"]],
		[{ handler: "mail/[1]?" }, [mail]],
		[{ handler: "mail/*" }, [mail]],
		[{ handler: "mai?/*" }, []],
		[{ cause: "expired" }, ["e2:first"]],
		[{ id: "e1" }, [mail]],
		[{ id: "m1" }, ["m1:"]],
		[{ id: "m" }, []],
		[{ text: "NO, 2" }, ["e2:first"]],
		[{ text: '"text":"Größe' }, ["e2:first"]],
		[{ since: T0 + 2 }, ["e2:first"]],
		[{ until: T0 + 2 }, [mail, "m1:"]],
		[{ since: T0, tags, cause: "exhausted" }, []],
	] as const)
		expect(await ids({ filter }), JSON.stringify(filter)).toEqual(found);
	expect((await store.list({ filter: { tags } })).deadLetters).toMatchObject([
		{ event: { tags }, preview: '{"text":"Größe"}' },
	]);
});

test("a search that finds nothing reads 10 000 dead letters a call, and says where to go on", async () => {
	const letters = Array.from({ length: 10_001 }, (_, n) => deadLetter(n + 1));
	await store.store(letters);
	const filter = { text: "no, 1" };
	const oldest = { filter: { ...filter, until: T0 + 2 } };
	expect(await ids(oldest)).toEqual(["e1:first"]);

	const missing = { filter: { text: "nothing has this" } };
	const first = await store.list(missing);
	expect(first).toMatchObject({
		deadLetters: [],
		count: 0,
		countedUntil: T0 + 2,
		cursor: expect.any(String),
	});
	const { cursor } = first;
	expect(await store.list({ ...missing, cursor })).toEqual({
		deadLetters: [],
		count: 0,
		countedUntil: T0 + 2,
	});

	// An event's own dead letters are found however many failed since.
	expect(await store.list({ filter: { id: "e1" } })).toMatchObject({
		deadLetters: [{ id: "e1:first" }],
		count: 1,
	});
	expect(await store.counts()).toMatchObject({ dead: 10_000, resolved: 0 });
	const { countedUntil, groups } = await groupDeadLetters({}, ports());
	expect(countedUntil).toBeUndefined();
	expect(groups).toMatchObject([{ count: 10_001, lastFailureAt: T0 + 10_001 }]);
	expect(await countMatches({ action: "replay", q: "" }, ports())).toEqual({
		count: 10_001,
	});
}, 30_000);

test("dead letters are grouped by handler, cause and the first line of the error without its numbers", async () => {
	const failedWith = (message: string) => ({
		error: { name: "Error", message: `${message}\nmore ${message}` },
	});
	await store.store(
		[
			deadLetter(1, failedWith("no account 17")),
			deadLetter(2, {
				...failedWith(`no account ${crypto.randomUUID()}`),
				firstFailureAt: T0 - 5,
			}),
			deadLetter(3, failedWith("no account 18.5")),
			deadLetter(4, failedWith("no card")),
		],
		"v7",
	);
	expect((await store.groups({})).groups).toEqual([
		{
			handler: "first",
			cause: "exhausted",
			count: 2,
			deploy: "v7",
			reason: "Error: no account <n>",
			firstFailureAt: T0,
			lastFailureAt: T0 + 3,
		},
		expect.objectContaining({
			reason: "Error: no account <id>",
			count: 1,
			firstFailureAt: T0 - 5,
		}),
		expect.objectContaining({ reason: "Error: no card", count: 1 }),
	]);
});

test("groups beyond the thousand largest are left out, and the result counts their dead letters", async () => {
	// Without digits, which a reason does not have.
	const failedWith = (kind: number) => {
		const letter = (digit: string) => "abcdefghij".charAt(+digit);
		const message = String(kind).replace(/\d/g, letter);
		return { error: { name: "Error", message } };
	};
	const letters = Array.from({ length: 1_003 }, (_, n) =>
		deadLetter(n, failedWith(n)),
	);
	const second = deadLetter(2_000, failedWith(7));
	await store.store([...letters.slice(0, 1_000), second]);
	const filters = [{}, { handler: "first" }];
	for (const filter of filters) {
		const { groups, ...more } = await groupDeadLetters(filter, ports());
		expect([groups.length, groups[0]?.count, more]).toEqual([1_000, 2, {}]);
	}
	await store.store(letters.slice(1_000));
	for (const filter of filters) {
		const { groups, ...more } = await groupDeadLetters(filter, ports());
		expect([groups.length, groups[0]?.count]).toEqual([1_000, 2]);
		expect(more).toEqual({ uncounted: 3 });
	}
}, 30_000);

test("what several calls leave out of their groups is added up", async () => {
	const found = { groups: [], uncounted: 2 };
	const groups = vi
		.fn()
		.mockResolvedValueOnce({ ...found, cursor: "c1" })
		.mockResolvedValueOnce({ groups: [], cursor: "c2" })
		.mockResolvedValueOnce(found);
	const deadLetters = { groups } as unknown as DeadLetterStore;
	expect(await groupDeadLetters({}, { deadLetters })).toEqual({
		groups: [],
		uncounted: 4,
	});
});

test("a discarded dead letter is gone, and a duplicate does not restore it", async () => {
	await store.store([deadLetter(1)]);
	const to = ports();
	expect(await discard("e1:first", to)).toBe(true);
	expect(await discard("e1:first", to)).toBe(false);
	expect(to.recorded.transitions).toMatchObject([
		{ type: "discarded", id: "e1", handler: "first" },
	]);
	await store.store([deadLetter(1)]);
	expect(await readDeadLetter("e1:first", to)).toBeNull();
	expect(await ids()).toEqual([]);
});

test("dead letters are deleted 90 days after their last failure, not before, every day anew", async () => {
	vi.useFakeTimers({ toFake: ["Date"], now: T0 });
	await store.store([
		deadLetter(1),
		deadLetter(2, { lastFailureAt: T0 + DAY }),
	]);
	vi.setSystemTime(T0 + 90 * DAY);
	expect(await runDurableObjectAlarm(store)).toBe(true);
	expect(await ids()).toHaveLength(2);
	vi.setSystemTime(T0 + 90 * DAY + 2);
	expect(await runDurableObjectAlarm(store)).toBe(true);
	expect(await ids()).toEqual(["e2:first"]);
	vi.setSystemTime(T0 + 92 * DAY);
	expect(await runDurableObjectAlarm(store)).toBe(true);
	expect(await runDurableObjectAlarm(store)).toBe(false);
});

test("an object that starts sets a missing alarm", async () => {
	await store.store([deadLetter(1)]);
	await runInDurableObject(store, (_, { storage }) => storage.deleteAlarm());
	await evictDurableObject(store);
	expect(await ids()).toHaveLength(1);
	expect(await runDurableObjectAlarm(store)).toBe(true);
});

test("a letter sets one alarm, and further letters none", async () => {
	let alarms = 0;
	await runInDurableObject(store, (_, { storage }) => {
		const { setAlarm } = storage;
		storage.setAlarm = (...args) => {
			alarms++;
			return setAlarm.apply(storage, args);
		};
	});
	for (const n of [1, 2, 3]) await store.store([deadLetter(n)]);
	expect(alarms).toBe(1);
});

test("a list shows what it can of a dead letter that it cannot read", async () => {
	await store.store([deadLetter(1), deadLetter(2)]);
	await runInDurableObject(store, (_, { storage }) => {
		storage.sql.exec("UPDATE dead_letter SET head = '{' WHERE id = 'e1:first'");
	});
	const { deadLetters } = await store.list({});
	expect(deadLetters).toMatchObject([
		{ id: "e2:first", event: { id: "e2", time: T0 } },
		{
			id: "e1:first",
			handler: "first",
			event: { id: "e1", name: "order.placed" },
			lastFailureAt: T0 + 1,
		},
	]);
});

test("a handler is found by an id or a pattern of any length", async () => {
	const handler = `order.placed:send-${"a-receipt-".repeat(10)}to-the-customer`;
	await store.store([
		deadLetter(1, { id: `e1:${handler}`, handler }),
		deadLetter(2),
	]);
	for (const filter of [
		{ handler },
		{ handler: `order.placed:*${handler.slice(-60)}` },
	])
		expect(await ids({ filter })).toEqual([`e1:${handler}`]);
	expect(await ids({ filter: { handler: "[f]irst" } })).toEqual([]);
});

test("a text is searched in the error's name and message and in the body, not in their JSON", async () => {
	await store.store([
		deadLetter(1, {
			error: { name: "TypeError", message: 'no "id"', stack: "at pay.ts" },
		}),
	]);
	for (const text of ["typeerror: NO", 'no "id"', '{"n":1}'])
		expect({ text, ids: await ids({ filter: { text } }) }).toEqual({
			text,
			ids: ["e1:first"],
		});
	for (const text of ["message", '","', "stack"])
		expect({ text, ids: await ids({ filter: { text } }) }).toEqual({
			text,
			ids: [],
		});
});

test("a dead letter that cannot be read hides no other from a filter", async () => {
	await store.store([
		deadLetter(1, { head: { ...deadLetter(1).head, tags: { a: "b" } } }),
		deadLetter(2),
	]);
	await runInDurableObject(store, (_, { storage }) => {
		storage.sql.exec(
			"UPDATE dead_letter SET head = '{', error = '{' WHERE id = 'e2:first'",
		);
	});
	for (const filter of [{ tags: { a: "b" } }, { id: "e1" }, { text: "no, 1" }])
		expect(await ids({ filter })).toEqual(["e1:first"]);
	expect(await ids({ filter: { id: "e2" } })).toEqual(["e2:first"]);
});

test("two claims in one turn of the object are one claim", async () => {
	await store.store([deadLetter(1)]);
	const claims = await runInDurableObject(store, (object: DeadLetters) =>
		Promise.all([
			object.claim("e1:first", 0, false),
			object.claim("e1:first", 0, false),
		]),
	);
	expect(claims.map((claim) => claim?.type).sort()).toEqual([
		"claimed",
		"refused",
	]);
});

test("two replays with large edited bodies at once send the body of the one that has the claim", async () => {
	await store.store([deadLetter(1)]);
	const used = ports();
	const bodies = ["a", "b"].map((letter) => letter.repeat(120_000));
	const ends = await Promise.allSettled(
		bodies.map((body) => replay("e1:first", { edited: { body } }, used)),
	);
	const claimed = ends.findIndex(({ status }) => status === "fulfilled");
	const [{ record } = { record: "" }] = used.recorded.retries;
	const stored = used.recorded.payloads.get(read(record).reference ?? "");
	expect(JSON.parse(stored?.text ?? "")).toBe(bodies[claimed]);
});

test("a replay happens before its send, so that no attempt of it seems to be earlier", async () => {
	await store.store([deadLetter(1)]);
	const to = ports();
	let now = T0 + 100;
	to.clock = () => now;
	to.retriesQueue = {
		...to.retriesQueue,
		send: async () => {
			now += 50;
		},
	};
	await replay("e1:first", {}, to);
	expect(to.recorded.transitions).toMatchObject([
		{ type: "replayed", at: T0 + 100 },
	]);
});
