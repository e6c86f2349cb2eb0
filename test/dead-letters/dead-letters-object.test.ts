/** Dead letters in their store, and what is done with them: replay, replay of many, discard. */
import {
	evictDurableObject,
	runDurableObjectAlarm,
	runInDurableObject,
} from "cloudflare:test";
import { exports } from "cloudflare:workers";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { DeadLetters } from "../../src/dead-letters/dead-letters-object.ts";
import {
	discard,
	readDeadLetter,
	replay,
	replayAll,
} from "../../src/dead-letters/replay.ts";
import type { NewDeadLetter } from "../../src/event/dead-letter.ts";
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

test("dead letters are listed latest first, in pages, and by event, handler and cause", async () => {
	await store.store([
		deadLetter(1),
		deadLetter(2),
		deadLetter(3, { cause: "expired" }),
	]);
	expect(await ids()).toEqual(["e3:first", "e2:first", "e1:first"]);
	const page = await store.list({ limit: 2 });
	expect(page.deadLetters).toHaveLength(2);
	expect(await ids({ cursor: page.cursor })).toEqual(["e1:first"]);
	expect(await ids({ cause: "expired" })).toEqual(["e3:first"]);
	expect(await ids({ handler: "second" })).toEqual([]);
	expect(await ids({ event: "" })).toEqual([]);
	expect(await ids({ event: "order.placed" })).toHaveLength(3);
});

test("a replay sends the event only to the handler that failed, from attempt 1, and then marks the dead letter", async () => {
	await store.store([deadLetter(1)]);
	const to = ports();
	expect(await replay("e1:first", undefined, to)).toBe(true);
	expect(to.recorded.retries.map((sent) => read(sent.record))).toMatchObject([
		{
			id: "e1",
			body: { n: 1 },
			delivery: { handler: "first", attempt: 1, replay: 1 },
		},
	]);
	expect(await ids()).toEqual([]);
	expect(await ids({ status: "replayed" })).toEqual(["e1:first"]);
	expect(await replay("none:first", undefined, to)).toBe(false);
});

test("a replay with an edited body sends that body", async () => {
	await store.store([deadLetter(1)]);
	const to = ports();
	await replay("e1:first", { body: { n: 2 } }, to);
	expect(to.recorded.retries.map((sent) => read(sent.record))).toMatchObject([
		{ id: "e1", body: { n: 2 }, delivery: { handler: "first", replay: 1 } },
	]);
});

test("a replay that dies before it is marked is a dead letter, also on a machine whose clock is behind", async () => {
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
	await replay("e1:first", undefined, to);
	expect(await store.get("e1:first")).toMatchObject({
		status: "dead",
		replays: 1,
		error: { message: "again" },
	});
	expect(await ids()).toEqual(["e1:first"]);
});

test("a replay that dies after it was marked is a dead letter, also on a machine whose clock is behind", async () => {
	await store.store([deadLetter(1, { lastFailureAt: T0 + 60_000 })]);
	await store.markReplayed("e1:first", 1);
	expect(await ids()).toEqual([]);
	const died = deadLetter(1, { replay: 1, lastFailureAt: T0 + 100 });
	await store.store([died]);
	expect(await ids()).toEqual(["e1:first"]);
	expect(await store.get("e1:first")).toMatchObject({
		lastFailureAt: T0 + 100,
		replays: 1,
	});
	// A duplicate of the replay, or of the failure before it, changes nothing.
	await store.markReplayed("e1:first", 2);
	await store.store([died, deadLetter(1, { lastFailureAt: T0 + 60_000 })]);
	expect(await ids()).toEqual([]);
});

test("a replay is marked only after it is sent: if the send fails, the dead letter stays dead", async () => {
	await store.store([deadLetter(1)]);
	const to = ports();
	to.retriesQueue.send = async () => {
		throw new Error("Queue is overloaded");
	};
	await expect(replay("e1:first", undefined, to)).rejects.toThrow("overloaded");
	expect(await ids()).toEqual(["e1:first"]);
});

test("a replay with a large body stores the body for itself, and replaces no other", async () => {
	await store.store([deadLetter(1)]);
	const to = ports();
	const large = (fill: string) => ({ body: fill.repeat(150_000) });
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
	await expect(replay("e1:first", { body: {} }, to)).rejects.toMatchObject({
		code: "schema_violation",
	});
	await expect(
		replay("e1:first", { body: undefined }, to),
	).rejects.toMatchObject({ code: "invalid_body" });
	await expect(
		replay("e1:first", { body: "x".repeat(262_144) }, to),
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
	await expect(replay("m1:", undefined, to)).rejects.toMatchObject({
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
	await expect(replay("m2:", { body: 1 }, to)).rejects.toMatchObject({
		code: "invalid_request",
		message: expect.stringContaining("replay it without a body"),
	});
	expect(to.recorded.retries).toEqual([]);
	await replay("m2:", undefined, to);
	expect(to.recorded.retries.map(({ record }) => record)).toEqual([text]);
});

test("replayAll replays every dead letter that matches, although one of them cannot be replayed", async () => {
	await store.store([
		deadLetter(1),
		deadLetter(2),
		deadLetter(3, { cause: "unreadable", handler: "" }),
		deadLetter(4, { handler: "second" }),
	]);
	const to = ports();
	expect(await replayAll({ handler: "first" }, to)).toEqual({
		replayed: 2,
		refused: [],
		more: false,
	});
	expect(await replayAll({}, to)).toMatchObject({
		replayed: 1,
		refused: [{ id: "e3:first" }],
		more: false,
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
