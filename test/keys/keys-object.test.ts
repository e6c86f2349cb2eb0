/** Idempotency keys in their object: reserve, wait, confirm, release, take over, and expire. */
import {
	evictDurableObject,
	runDurableObjectAlarm,
	runInDurableObject,
} from "cloudflare:test";
import { exports } from "cloudflare:workers";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Keys } from "../../src/keys/keys-object.ts";

const HOUR = 3_600_000;
const T0 = Date.UTC(2027, 0, 14, 9, 30);
const receipt = { id: "e1", time: T0, delay: 0 };

let count = 0;
let keys: DurableObjectStub<Keys>;

beforeEach(() => {
	vi.useFakeTimers({ toFake: ["Date"], now: T0 });
	const { Keys: namespace } = exports as unknown as {
		Keys: DurableObjectNamespace<Keys>;
	};
	keys = namespace.getByName(`keys-test-${++count}`);
});
afterEach(() => vi.useRealTimers());

const reserve = async (id = "e1", content = "a", time = T0) =>
	(await keys.reserve([{ key: "key", content, id, time }]))[0];
const confirm = () => keys.confirm([{ key: "key", receipt }]);

test("a new key is reserved, and a repeated call gets the receipt of the first", async () => {
	expect(await reserve("e1")).toEqual({ type: "reserved", id: "e1", time: T0 });
	await confirm();
	expect(await reserve("e2")).toEqual({ type: "published", receipt });
	await evictDurableObject(keys);
	expect(await reserve("e3")).toEqual({ type: "published", receipt });
});

test("a call that races waits for the first, and gets its receipt", async () => {
	await reserve("e1");
	const second = reserve("e2");
	await confirm();
	expect(await second).toEqual({ type: "published", receipt });
});

test("a call that races with one that failed publishes under the first one's id", async () => {
	await reserve("e1");
	const second = reserve("e2", "a", T0 + 5);
	await keys.release(["key"]);
	expect(await second).toEqual({ type: "reserved", id: "e1", time: T0 });
});

test("a call whose first never ends is told that it is in progress, after five seconds", async () => {
	await reserve("e1");
	const startedAt = performance.now();
	expect(await reserve("e2")).toEqual({ type: "in_progress" });
	expect(performance.now() - startedAt).toBeGreaterThan(4_000);
}, 15_000);

test("a reservation without a confirmation is taken over after 30 seconds, under its id and time", async () => {
	await reserve("e1");
	vi.setSystemTime(T0 + 30_000);
	expect(await reserve("e2", "a", T0 + 30_000)).toEqual({
		type: "reserved",
		id: "e1",
		time: T0,
	});
});

test("a key that was used for other content is refused, whether or not the first has ended", async () => {
	await reserve("e1", "a");
	expect(await reserve("e2", "b")).toEqual({ type: "different" });
	await confirm();
	expect(await reserve("e2", "b")).toEqual({ type: "different" });
});

test("a key is known for 24 hours, then its table is dropped", async () => {
	await reserve("e1");
	await confirm();
	vi.setSystemTime(T0 + 24 * HOUR);
	await runDurableObjectAlarm(keys);
	expect(await reserve("e2")).toEqual({ type: "published", receipt });
	vi.setSystemTime(T0 + 25 * HOUR);
	expect(await reserve("e2")).toMatchObject({ type: "reserved", id: "e2" });
	vi.setSystemTime(T0 + 60 * HOUR);
	await runDurableObjectAlarm(keys);
	await runInDurableObject(keys, async (_, { storage }) => {
		const names = storage.sql
			.exec("SELECT name FROM sqlite_master WHERE name GLOB 'keys_*'")
			.toArray();
		expect(names).toEqual([]);
		expect(await storage.getAlarm()).toBeNull();
	});
});

test("an object that was evicted drops its keys, and needs no alarm after that", async () => {
	await reserve("e1");
	await evictDurableObject(keys);
	vi.setSystemTime(T0 + 60 * HOUR);
	await runDurableObjectAlarm(keys);
	expect(await reserve("e2")).toMatchObject({ type: "reserved", id: "e2" });
	vi.setSystemTime(T0 + 120 * HOUR);
	await runDurableObjectAlarm(keys);
	await runInDurableObject(keys, async (_, { storage }) =>
		expect(await storage.getAlarm()).toBeNull(),
	);
});
