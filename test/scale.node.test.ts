/** The arithmetic of docs/scale.md: its tables are what is computed, from what is counted elsewhere. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { unstable_readConfig } from "wrangler";
import { rowsIn, table } from "../bench/cost/table.ts";
import {
	BATCHED_LIMIT,
	hoursUntilFull,
	LIMITS,
	longestHandling,
	MEASURED,
	queuesFor,
	retriesQueuesFor,
	shardsFor,
	variableBytes,
} from "../bench/plan/plan.ts";
import * as tables from "../bench/plan/tables.ts";
import { queuesOf } from "../src/contract/queues.ts";

const read = (path: string) =>
	readFileSync(new URL(`../docs/${path}`, import.meta.url).pathname, "utf8");

/** What wrangler makes of each configuration in a document. */
function configurationsIn(document: string) {
	const folder = mkdtempSync(join(tmpdir(), "tidings-scale-"));
	try {
		return [...document.matchAll(/^```toml\n(.*?)^```$/gms)].map(([, text]) => {
			const path = join(folder, "wrangler.toml");
			writeFileSync(path, `name = "any"\n${text}`);
			return unstable_readConfig({ config: path }, { hideWarnings: true });
		});
	} finally {
		rmSync(folder, { recursive: true });
	}
}

describe("docs/scale.md", () => {
	test("shows configurations that name queues, and the bindings that they need", () => {
		const configurations = configurationsIn(read("scale.md"));
		const [more, lanes, draining] = configurations.map(({ vars }) =>
			queuesOf(vars.TIDINGS_QUEUES),
		);
		expect(more?.map(({ binding }) => binding)).toEqual([
			"EVENTS_QUEUE",
			"EVENTS_QUEUE_2",
			"RETRIES_QUEUE",
			"DEAD_LETTERS_QUEUE",
		]);
		expect(lanes?.slice(3).map(({ binding }) => binding)).toEqual([
			"BULK_QUEUE",
			"PEOPLE_QUEUE",
			"PEOPLE_QUEUE_2",
			"PEOPLE_RETRIES_QUEUE",
		]);
		expect(draining?.map(({ isDraining }) => isDraining)).toEqual([
			false,
			true,
			false,
			false,
		]);
		const { producers } = configurations[0]?.queues ?? { producers: [] };
		expect(producers).toMatchObject([
			{ binding: "EVENTS_QUEUE_2", queue: more?.[1]?.name },
		]);
	});

	test.each(Object.entries(tables))(
		"has the table %s as it is computed",
		(_, rows) => {
			expect(read("scale.md")).toContain(table(rows));
		},
	);

	test("counts with the dollars of docs/cost.md", () => {
		const dollars = (scenario: string) =>
			Number(rowsIn(read("cost.md")).get(scenario)?.at(-1));
		expect(MEASURED.publish).toBe(dollars("publish, 1 handler"));
		expect(MEASURED.scheduled).toBe(
			dollars("schedule a hundred one by one, due together"),
		);
		const [alone, together] = [
			dollars("schedule one, alone"),
			dollars("schedule a hundred, due together"),
		];
		expect(read("scale.md")).toContain(
			`${MEASURED.scheduled} a million. One that is due alone costs ${alone}, in batches ${together}:`,
		);
	});
});

test("queues are planned for up to four fifths of what one takes", () => {
	expect([1, 4_000, 4_001, 8_000].map(queuesFor)).toEqual([1, 1, 2, 2]);
	expect(queuesFor(1_000_000) * LIMITS.queueMessages).toBeGreaterThan(1e6);
});

test("twice the queues let an event take twice the time, and take twice as long to fill", () => {
	expect(longestHandling(10_000, 6)).toBeCloseTo(
		2 * longestHandling(10_000, 3),
	);
	expect(hoursUntilFull(10_000, 6)).toBeCloseTo(2 * hoursUntilFull(10_000, 3));
	// 250 consumers with 32 events each, four fifths of them, have 6 400 under way.
	expect(longestHandling(6_400, 1)).toBe(1);
});

test("what travels alone is bound by its consumers, and when it is short by the queue", () => {
	expect(retriesQueuesFor(200, 1)).toBe(1);
	expect(retriesQueuesFor(201, 1)).toBe(2);
	expect(retriesQueuesFor(40_000, 0.001)).toBe(queuesFor(40_000));
});

test("shards grow with the rate and the wait, but a call of a thousand reaches all of them", () => {
	expect(shardsFor(1_000)).toEqual({ oneByOne: 5, inBatches: 1, storage: 15 });
	expect(shardsFor(1_000, 2 * 86_400).storage).toBe(29);
	expect(BATCHED_LIMIT).toBe(200_000);
});

test("the variable is as long as its JSON", () => {
	expect(variableBytes(2, "e")).toBe(
		'{"events":["e","e-2"],"retries":"tidings-retries","deadLetters":"tidings-dead-letters"}'
			.length,
	);
	expect(variableBytes(250)).toBeGreaterThan(LIMITS.variableBytes);
	expect(variableBytes(250, "e")).toBeLessThan(LIMITS.variableBytes);
});
