/** The exact cost of each scenario, compared with the table in docs/reference/limits-and-cost.md. Change both together. */
import { beforeAll, expect, test, vi } from "vitest";
import type { Counts, Measured } from "./counts.ts";
import { counted, startCounting } from "./meter.ts";
import { scenarios } from "./scenarios.ts";
import { cellsOf, rowsIn } from "./table.ts";

declare global {
	interface ImportMeta {
		/** Added by Vite. With these options it returns the text of each file. */
		glob(
			pattern: string,
			options: { query: "?raw"; import: "default"; eager: true },
		): Record<string, string>;
	}
}

const documents = import.meta.glob("../../docs/reference/limits-and-cost.md", {
	query: "?raw",
	import: "default",
	eager: true,
});
const documented = rowsIn(
	documents["../../docs/reference/limits-and-cost.md"] ?? "",
);
const all = new Map<string, Measured>();

// In a Worker that has run for a while, the objects have their tables, and the dead-letter store has its alarm.
beforeAll(async () => {
	for (const name of ["a dead letter", "schedule one, alone"]) {
		await scenarios[name]?.run();
		await counted();
	}
	// The timestamps of messages are real, so the faked time must end here.
	vi.useRealTimers();
});

test.for(Object.entries(scenarios))(
	"%s costs what is documented",
	async ([name, { events = 1, before, run }], { task }) => {
		await before?.();
		await counted();
		startCounting();
		await run();
		const measured = { name, events, counts: await counted() };
		all.set(name, measured);
		task.meta.cost = measured;
		expect(cellsOf(measured).join(" | ")).toBe(
			documented.get(name)?.join(" | "),
		);
	},
);

function perEvent(name: string, count: (counts: Counts) => number): number {
	const { events, counts } = all.get(name) as Measured;
	return count(counts) / events;
}

const operations = ({ writes, reads, deletes }: Counts) =>
	writes + reads + deletes;

test.each([
	"publish, 1 handler",
	"publish, 3 handlers",
	"publish, 10 handlers",
	"publish, 3 handlers in another Worker",
	"publish through the binding",
	"publish over HTTP",
	"publishBatch of 100",
	"publish a hundred at once",
	"publish 200 KB",
	"schedule one, alone",
	"schedule a hundred, due together",
])("%s: three queue operations for each event", (name) => {
	expect(perEvent(name, operations)).toBe(3);
});

test.each([
	"schedule a hundred, due together",
	"schedule a hundred one by one, due together",
	"schedule a hundred at once, due together",
])("%s: at most 3.1 rows written for each event", (name) => {
	const rows = perEvent(name, ({ rowsWritten }) => rowsWritten);
	expect(rows).toBeGreaterThanOrEqual(3);
	expect(rows).toBeLessThanOrEqual(3.1);
});

test("a publish sends no object request unless its body is large", () => {
	const requests = ({ objectRequests }: Counts) => objectRequests;
	expect(perEvent("publish, 10 handlers", requests)).toBe(0);
	expect(perEvent("publish 100 KB", requests)).toBe(0);
	expect(perEvent("publish 200 KB", requests)).toBeGreaterThan(0);
});

test("concurrent schedules are one request of the shard", () => {
	const requests = ({ objectRequests }: Counts) => objectRequests;
	const together = perEvent("schedule a hundred, due together", requests);
	const atOnce = "schedule a hundred at once, due together";
	expect(perEvent(atOnce, requests)).toBe(together);
});
