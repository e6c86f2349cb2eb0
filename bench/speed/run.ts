/**
 * `npm run bench [-- --json FILE --only NAME --rounds N]`: runs each scenario for the bare platform and for Tidings
 * in turn, and prints medians, spread and ratio.
 */
import { writeFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { parseArgs } from "node:util";
import { table } from "../cost/table.ts";
import { median, shown } from "./figures.ts";
import { isMet, type Measured, measure } from "./measure.ts";
import { startRuntime } from "./runtime.ts";
import { scenarios } from "./scenarios.ts";

const { values } = parseArgs({
	options: {
		json: { type: "string" },
		only: { type: "string", default: "" },
		rounds: { type: "string", default: "5" },
	},
});
const rounds = Number(values.rounds);
if (!Number.isInteger(rounds) || rounds < 1)
	throw new TypeError(`--rounds ${values.rounds}: give a number from 1 on`);
const chosen = scenarios.filter(({ figures }) =>
	figures.some(({ name }) => name.includes(values.only)),
);
if (chosen.length === 0)
	throw new TypeError(
		`--only ${values.only}: no scenario is named so: there are ${scenarios.map(({ figures }) => JSON.stringify(figures[0]?.name)).join(", ")}`,
	);

const startedAt = new Date();
const machine = {
	cores: availableParallelism(),
	cpu: cpus()[0]?.model ?? "",
	node: process.version,
};
const measured: Measured[] = [];
const runtime = await startRuntime();
try {
	for (const [index, scenario] of chosen.entries())
		measured.push(
			...(await measure(scenario, runtime, {
				rounds,
				progress: (line) => tell(`${index + 1}/${chosen.length} ${line}`),
			})),
		);
} finally {
	tell("");
	await runtime.close();
}

console.log(
	table([
		[
			"scenario",
			"unit",
			"bare",
			"spread",
			"Tidings",
			"spread",
			"ratio",
			"asked",
		],
		...measured.map(cellsOf),
	]),
);
const seconds = Math.round((Date.now() - startedAt.getTime()) / 1_000);
console.log(
	`\n${machine.cores} cores, local runtime, ${rounds} rounds, fewer of what takes long, more where a rate has to be reached, ${seconds} seconds. A ratio is Tidings' figure to the bare platform's.`,
);
if (values.json !== undefined)
	writeFileSync(
		values.json,
		`${JSON.stringify({ startedAt, machine, rounds, results: measured }, null, "\t")}\n`,
	);

function cellsOf(one: Measured): string[] {
	const { name, unit, asked, ratio } = one;
	const isEnough = isMet(one);
	return [
		name,
		unit,
		...[one.bare, one.tidings].flatMap((side) => [
			shown(median(side)),
			`${shown(Math.min(...side))} to ${shown(Math.max(...side))}`,
		]),
		ratio.toFixed(2),
		asked === undefined
			? ""
			: `${unit === "ms" ? "<=" : ">="} ${asked}${isEnough ? "" : ", missed"}`,
	];
}

/** One line that is written over, where somebody watches. */
function tell(line: string): void {
	if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line}`);
}
