/** A consumer that dies each time, until the platform sends the message to the dead-letter queue. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { createTestHarness } from "wrangler";

const KEY = "tid_test_secret-of-test";
const digest = createHash("sha256").update(KEY).digest("hex");
const API_KEYS = JSON.stringify([{ id: "test", scopes: ["admin"], digest }]);

const harness = createTestHarness({
	root: join(import.meta.dirname, "../.."),
	workers: [
		{
			configPath: "test/support/crashing/wrangler.toml",
			secrets: { API_KEYS },
		},
	],
});
let url: string;

beforeAll(async () => {
	({ href: url } = (await harness.listen()).url);
});
afterAll(() => harness.close());

async function call(method: string, path: string, body?: unknown) {
	const response = await harness.fetch(path, {
		method,
		headers: {
			authorization: `Bearer ${KEY}`,
			"content-type": "application/json",
		},
		...(body !== undefined && { body: JSON.stringify(body) }),
	});
	return response.json() as Promise<Record<string, unknown>>;
}

test("an event that kills its consumer each time becomes one dead letter for each handler, and other events are delivered", async () => {
	const poison = await call("POST", "/v1/events", {
		name: "some.thing",
		body: "poison",
	});
	const healthy = await call("POST", "/v1/events", {
		name: "some.thing",
		body: "healthy",
	});
	await vi.waitFor(
		async () => {
			const { deadLetters } = await call("GET", "/v1/dead-letters");
			expect(deadLetters).toMatchObject([
				{ event: { id: poison.id }, handler: "second", cause: "abandoned" },
				{ event: { id: poison.id }, handler: "first", cause: "abandoned" },
			]);
		},
		{ timeout: 30_000, interval: 100 },
	);
	const deadLetter = await call("GET", `/v1/dead-letters/${poison.id}:first`);
	expect(deadLetter.event).toMatchObject({
		name: "some.thing",
		body: "poison",
	});
	const delivered = harness
		.getLogs()
		.filter(({ message }) => message.includes('"type":"delivered"'))
		.map(({ message }) => JSON.parse(message.slice("tidings ".length)))
		.map(({ id, handler }) => ({ id, handler }));
	expect(delivered).toEqual([
		{ id: healthy.id, handler: "first" },
		{ id: healthy.id, handler: "second" },
	]);
});

test("a replay over real HTTP needs no body, with any content type", async () => {
	for (const type of [undefined, "text/plain", "application/json"]) {
		const response = await fetch(new URL("/v1/dead-letters/none/replay", url), {
			method: "POST",
			headers: {
				authorization: `Bearer ${KEY}`,
				...(type && { "content-type": type }),
			},
		});
		expect(response.status).toBe(404);
	}
});
