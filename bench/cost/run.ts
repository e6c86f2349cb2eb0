/** `npm run bench:cost [-- --json FILE]`: runs the scenarios, and prints their counts and costs. */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import type { TestCase } from "vitest/node";
import { startVitest } from "vitest/node";
import type { Measured } from "./counts.ts";
import { dollarsPerMillion, OTHERS } from "./prices.ts";
import { cellsOf, HEAD, table } from "./table.ts";

const { values } = parseArgs({ options: { json: { type: "string" } } });

const measured: Measured[] = [];
const failed: string[] = [];

const reporter = {
	onTestCaseResult(test: TestCase) {
		const { cost } = test.meta();
		if (cost) measured.push(cost);
		for (const { message, diff } of test.result().errors ?? [])
			failed.push(`${test.name}\n${diff ?? message}`);
	},
};
const vitest = await startVitest("test", [], {
	project: "cost",
	watch: false,
	silent: true,
	reporters: [reporter],
});
await vitest.close();

console.log("Counts for each event, and US dollars for a million of them:\n");
console.log(table([HEAD, ...measured.map(cellsOf)]));
console.log(
	"\nOther products, US dollars for a million events, from their price lists of November 2026:\n",
);
console.log(table([["product", "USD"], ...OTHERS.map((other) => [...other])]));

if (values.json !== undefined) {
	const results = measured.map((one) => ({
		...one,
		dollarsPerMillion: Number(
			dollarsPerMillion(one.counts, one.events).toFixed(4),
		),
	}));
	const others = Object.fromEntries(OTHERS);
	writeFileSync(
		values.json,
		`${JSON.stringify({ results, others }, null, "\t")}\n`,
	);
}
for (const failure of failed) console.error(`\n${failure}`);
if (failed.length > 0 || measured.length === 0) process.exitCode = 1;
