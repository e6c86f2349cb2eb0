/**
 * `npm run bench:pages [-- --rounds 21 --json FILE]`: counts what each page of the dashboard reads with much data, and
 * measures its first byte against that of an empty page of the same Worker.
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { table } from "../cost/table.ts";
import {
	countPages,
	type FirstByte,
	measureFirstBytes,
	type PageCounts,
} from "./measure.ts";
import { start } from "./runtime.ts";

const { values } = parseArgs({
	options: {
		rounds: { type: "string", default: "21" },
		json: { type: "string" },
	},
});

const SIZE = {
	events: 100_000,
	deadLetters: 10_000,
	scheduled: 10_000,
	deliveries: 1_000,
	jobs: 60,
	subscriptions: 1_000,
};

const COUNTS = [
	"page",
	"object requests",
	"rows read",
	"KB",
	"requests an hour",
	"rows an hour",
	"USD an hour",
] as const;

const running = await start();
try {
	const filled = await running.fill(SIZE);
	const counts = await countPages(running, filled);
	console.log(`Reads of each page, and of its live updates in an hour:\n`);
	console.log(table([[...COUNTS], ...counts.map(countCells)]));
	const bytes = await measureFirstBytes(running, filled, Number(values.rounds));
	console.log("\nFirst byte, in milliseconds after that of an empty page:\n");
	console.log(
		table([["page", "median", "fastest", "changed"], ...bytes.map(byteCells)]),
	);
	if (values.json !== undefined)
		writeFileSync(
			values.json,
			`${JSON.stringify({ counts, bytes }, null, "\t")}\n`,
		);
} finally {
	await running.stop();
}

function countCells({
	name,
	objectRequests,
	rowsRead,
	bytes,
	hourly,
}: PageCounts): string[] {
	const number = (value: number) =>
		value.toLocaleString("en").replaceAll(",", " ");
	return [
		name,
		number(objectRequests),
		number(rowsRead),
		(bytes / 1_000).toFixed(0),
		...(hourly
			? [
					number(hourly.objectRequests),
					number(hourly.rowsRead),
					hourly.usd.toFixed(4),
				]
			: ["", "", ""]),
	];
}

function byteCells({ name, ...times }: FirstByte): string[] {
	const { median, fastest, changed } = times;
	return [name, ...[median, fastest, changed].map((ms) => ms.toFixed(1))];
}
