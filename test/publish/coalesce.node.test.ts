/** In real requests, objects and calls: concurrent publishes of one request are one call, and requests share none. */
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { createTestHarness } from "wrangler";
import type { Published } from "./coalescing-worker/worker.ts";

const harness = createTestHarness({
	root: new URL("../..", import.meta.url).pathname,
	workers: [{ configPath: "test/publish/coalescing-worker/wrangler.toml" }],
});

beforeAll(() => harness.listen());
afterAll(() => harness.close());

async function at(path: string): Promise<unknown> {
	const response = await harness.getWorker("coalescing").fetch(path);
	expect(response.status).toBe(200);
	return response.json();
}

/** Returns the calls of the queue after this many events were handled. */
async function callsUntil(handled: number): Promise<Published[][]> {
	const seen = { calls: [] as Published[][], handled: [] as Published[] };
	await vi.waitFor(
		async () => {
			const { calls, handled: more } = (await at("/seen")) as typeof seen;
			seen.calls.push(...calls);
			seen.handled.push(...more);
			expect(seen.handled.length).toBeGreaterThanOrEqual(handled);
		},
		{ timeout: 60_000, interval: 50 },
	);
	const sorted = (all: Published[]) =>
		all.map(({ whose, tick }) => `${tick} ${whose}`).sort();
	expect(sorted(seen.handled)).toEqual(sorted(seen.calls.flat()));
	return seen.calls;
}

test("concurrent publishes of one request are one call, also while fifty requests run, and every event is handled", async () => {
	const ways = ["request", "call", "object"];
	await Promise.all([
		at("/handlers"),
		...ways.flatMap((way) =>
			Array.from({ length: 10 }, (_, n) => at(`/${way}?${way} ${n}`)),
		),
	]);
	const calls = await callsUntil(50 * 31);
	for (const call of calls) {
		const [first] = call as [Published];
		expect(call).toEqual(Array.from({ length: first.of }, () => first));
	}
	expect(calls).toHaveLength(50 * 10);
});

test.each([
	["waits for a promise that another request resolves", "waiting", "resolving"],
	["waits for a promise that another request created", "joining", "making"],
])("a request that %s shares no call with it", async (_, waiting, other) => {
	await Promise.all([at(`/${waiting}?waiting`), at(`/${other}?other`)]);
	const calls = await callsUntil(3);
	expect(calls.map((call) => call.map(({ whose }) => whose))).toEqual([
		["?other", "?other"],
		["?waiting"],
	]);
});
