/** What an event costs does not grow with what is there beside it: exact counts, by the bench of scale, of small sizes. */
import { expect, test } from "vitest";
import {
	type Dimension,
	HANDLERS,
	ROWS,
	SHARDS,
	SUBSCRIPTIONS,
} from "../../bench/scale/dimensions.ts";
import { type Growth, growthIn } from "../../bench/scale/growth.ts";
import { start } from "../../bench/scale/runtime.ts";

async function grown(dimension: Dimension): Promise<Growth[]> {
	const running = await start();
	try {
		return await growthIn(dimension, running, 1);
	} finally {
		await running.stop();
	}
}

/** All that was counted, by size. */
function countsOf({ samples }: Growth): object[] {
	return samples.map(({ size: _, ms: __, ...counts }) => counts);
}

test.each([
	{ ...ROWS, sizes: [200, 2_000] },
	{ ...SUBSCRIPTIONS, sizes: [200, 2_000] },
])("$title: what each call costs is flat, to the last row", async (one) => {
	const growths = await grown(one);
	expect(growths.length).toBe(one.looks(200).length);
	for (const growth of growths) {
		const [small, large] = countsOf(growth);
		expect(large, growth.what).toEqual(small);
	}
});

test("handlers: an event costs the same three queue operations however many there are", async () => {
	const growths = await grown({ ...HANDLERS, sizes: [1, 100] });
	const none = { objectRequests: 0, rowsRead: 0, rowsWritten: 0 };
	for (const { what, samples } of growths)
		for (const { size, ms: _, queueOperations, ...rest } of samples) {
			const shared = what.includes("each handler") ? size : 1;
			expect(queueOperations * shared, what).toBeCloseTo(3);
			expect(rest, what).toEqual(none);
		}
});

test("shards: each costs its own calls and alarm, and an event no more rows than those", async () => {
	const growths = await grown({ ...SHARDS, sizes: [1, 4] });
	const requests = Object.fromEntries(
		growths.map(({ what, samples }) => [
			what,
			samples.map(({ objectRequests }) => objectRequests),
		]),
	);
	expect(requests["list a page of 100"]).toEqual([1, 4]);
	expect(requests["watch, every five minutes"]).toEqual([1, 4]);
	for (const { what, samples } of growths) {
		const [one, four] = samples.map(({ rowsWritten }) => rowsWritten);
		expect((four ?? 0) - (one ?? 0), what).toBeLessThan(0.01);
	}
});
