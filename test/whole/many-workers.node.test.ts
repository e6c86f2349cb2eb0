/** Several real Workers, called from outside: the shop's owner, its storefront, and a Worker with only the binding. */
import { createHash } from "node:crypto";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { createTestHarness } from "wrangler";
import { createClient } from "../../src/client.ts";
import type { Transition } from "../../src/event/transition.ts";

const KEY = "tid_test_secret-of-test";
const digest = createHash("sha256").update(KEY).digest("hex");
const API_KEYS = JSON.stringify([{ id: "test", scopes: ["admin"], digest }]);

const harness = createTestHarness({
	root: new URL("../..", import.meta.url).pathname,
	workers: [
		{ configPath: "examples/shop/owner/wrangler.toml", secrets: { API_KEYS } },
		{ configPath: "examples/shop/storefront/wrangler.toml" },
		{ configPath: "test/support/binding-only/wrangler.toml" },
	],
});
let url: URL;

beforeAll(async () => {
	({ url } = await harness.listen());
});
afterAll(() => harness.close());

/** The transitions of one event that the owner's observer logged. */
function transitionsOf(id: string): Transition[] {
	return harness
		.getLogs()
		.flatMap(({ message }) =>
			message.startsWith("tidings {")
				? [JSON.parse(message.slice("tidings ".length)) as Transition]
				: [],
		)
		.filter((transition) => transition.id === id);
}

async function ends(id: string): Promise<string[]> {
	return transitionsOf(id)
		.flatMap((t) =>
			t.type === "delivered" || t.type === "dead"
				? [`${t.type} ${t.handler} ${t.attempt}`]
				: [],
		)
		.sort();
}

const wait = { timeout: 30_000, interval: 50 };

test("an order at the storefront reaches every handler of the owner, and each has its own end", async () => {
	const storefront = harness.getWorker("shop-storefront");
	const response = await storefront.fetch("/orders", {
		method: "POST",
		headers: { "content-type": "application/json" },
		body: JSON.stringify({ email: "ada@example.com", total: 42 }),
	});
	expect(response.status).toBe(201);
	const { events } = (await response.json()) as { events: [string, string] };
	const [placed, review] = events;

	await vi.waitFor(
		async () =>
			expect(await ends(placed)).toEqual(
				expect.arrayContaining([
					"delivered reserve-stock 3",
					"delivered send-receipt 1",
					"dead render-invoice 2",
					"dead sync-ledger 2",
				]),
			),
		wait,
	);
	await vi.waitFor(
		async () =>
			expect(await ends(review)).toContain("delivered ask-for-review 1"),
		wait,
	);
	const types = transitionsOf(review).map(({ type }) => type);
	expect(types.slice(0, 2)).toEqual(["scheduled", "queued"]);
});

test("tidings/client publishes over HTTP under plain Node", async () => {
	const client = createClient({ url, key: KEY });
	const receipt = await client.publish("order.placed", {
		orderId: "n1",
		email: "ada@example.com",
		total: 1,
	});
	await vi.waitFor(
		async () =>
			expect(await ends(receipt.id)).toContain("delivered send-receipt 1"),
		wait,
	);
	const later = await client.publish("any.name", { after: "1 hour" }, null);
	expect(await client.reschedule(later.id, "2 hours")).toMatchObject({
		id: later.id,
		time: later.time,
	});
	expect(await client.cancel(later.id)).toBe(true);
	expect(await client.cancel(later.id)).toBe(false);
	expect(await client.reschedule(later.id, "2 hours")).toBe(false);
	expect(
		await client.publishBatch([
			{ name: "any.name", body: 1 },
			{ name: "any.name", body: 2 },
		]),
	).toHaveLength(2);
});

test("a client over HTTP throws errors of their classes", async () => {
	const client = createClient({ url, key: KEY });
	await expect(client.publish("no name", 1)).rejects.toMatchObject({
		name: "RefusedError",
		code: "invalid_name",
	});
	await expect(
		createClient({ url, key: "tid_test_wrong" }).publish("any.name", 1),
	).rejects.toMatchObject({ name: "UnauthorizedError" });
	await expect(
		createClient({ url: "http://127.0.0.1:1", key: KEY }).publish("a.b", 1),
	).rejects.toMatchObject({ name: "UnavailableError" });
});

test("events.publish works in a Worker that has only the binding", async () => {
	const bound = harness.getWorker("binding-only");
	const get = async (path: string) => {
		const response = await bound.fetch(path);
		return { status: response.status, json: await response.json() };
	};
	const receipt = {
		id: expect.any(String),
		time: expect.any(Number),
		delay: 0,
	};
	expect(await get("/publish")).toEqual({ status: 200, json: receipt });
	expect(await get("/definition")).toEqual({ status: 200, json: receipt });
	expect(await get("/batch")).toEqual({ status: 200, json: [receipt] });
	expect(await get("/move")).toEqual({
		status: 200,
		json: [true, true, false],
	});
	expect(await get("/invalid")).toMatchObject({
		status: 400,
		json: {
			name: "RefusedError",
			code: "schema_violation",
			issues: [{ path: "total" }],
		},
	});
	expect(await get("/forbidden")).toMatchObject({
		status: 400,
		json: { name: "ForbiddenError", code: "forbidden" },
	});
});

test("an event that a Worker with only the binding publishes without await is delivered", async () => {
	await harness.getWorker("binding-only").fetch("/not-awaited");
	await vi.waitFor(
		() =>
			expect(
				harness
					.getLogs()
					.some(({ message }) => message.includes("receipt for not-awaited")),
			).toBe(true),
		wait,
	);
});
