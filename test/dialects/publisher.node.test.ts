/** The dialects in a Worker that has only the service binding, and the samples' Worker that owns the events. */
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { createTestHarness } from "wrangler";

const harness = createTestHarness({
	root: new URL("../..", import.meta.url).pathname,
	workers: [
		{ configPath: "test/dialects/wrangler.toml" },
		{ configPath: "test/dialects/publisher/wrangler.toml" },
	],
});

beforeAll(() => harness.listen());
afterAll(() => harness.close());

/** How many deliveries of an event have ended well. */
function deliveredOf(id: string): number {
	return harness
		.getLogs()
		.filter(
			({ message }) =>
				message.startsWith('tidings {"type":"delivered"') &&
				message.includes(id),
		).length;
}

test.each([
	["/ampt", 4],
	["/sst", 1],
	["/tsc-run", 1],
])(
	"an event that %s publishes over a binding reaches every handler of the owner",
	async (path, handlers) => {
		const publisher = harness.getWorker("seeds-publisher");
		const response = await publisher.fetch(path);
		expect(response.status).toBe(200);
		const { id } = (await response.json()) as { id: string };
		await vi.waitFor(() => expect(deliveredOf(id)).toBe(handlers), {
			timeout: 30_000,
			interval: 50,
		});
	},
);

test("the publisher rejects a body that violates the schema, even if the owner does not know the schema", async () => {
	const publisher = harness.getWorker("seeds-publisher");
	const response = await publisher.fetch("/sst-invalid");
	expect(response.status).toBe(400);
	expect(await response.json()).toMatchObject({
		name: "RefusedError",
		code: "schema_violation",
		issues: [{ path: "properties.id" }],
	});
});
