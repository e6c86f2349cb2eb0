/**
 * `npm run bench [-- --json FILE --only NAME --rounds N]`: runs each scenario for the bare platform and for Tidings
 * alternately, and prints medians, spread and ratio.
 */
import { writeFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { parseArgs } from "node:util";
import { table } from "../cost/table.ts";
import { median, shown } from "./figures.ts";
import {
	figuresOf,
	isMet,
	type Measured,
	measure,
	type Rounds,
} from "./measure.ts";
import { startRuntime } from "./runtime.ts";
import { type Scenario, scenarios } from "./scenarios.ts";

/**
 * Scenarios with a target run in this many runtimes, one after the other. Ratios of the same code differ more between
 * runtimes than between rounds (measured: 0.88, 0.89, 0.95 and 0.95, of 40 rounds each).
 */
const RUNTIMES = 4;

const { values } = parseArgs({
	options: {
		json: { type: "string" },
		only: { type: "string", default: "" },
		rounds: { type: "string", default: "5" },
	},
});
const rounds = Number(values.rounds);
if (!Number.isInteger(rounds) || rounds < 1)
	throw new TypeError(
		`--rounds ${values.rounds}: use a whole number of at least 1`,
	);
const chosen = scenarios.filter(({ figures }) =>
	figures.some(({ name }) => name.includes(values.only)),
);
if (chosen.length === 0)
	throw new TypeError(
		`--only ${values.only}: no scenario has this in its name; use part of ${scenarios.map(({ figures }) => JSON.stringify(figures[0]?.name)).join(", ")}`,
	);

const startedAt = new Date();
const machine = {
	cores: availableParallelism(),
	cpu: cpus()[0]?.model ?? "",
	node: process.version,
};
const results = new Map<Scenario, Rounds>(
	chosen.map((scenario) => [scenario, { bare: [], tidings: [] }]),
);
for (let number = 1; number <= RUNTIMES; number++)
	await measureIn(
		number,
		chosen.filter(({ repeats = 1 }) => number === 1 || repeats > 1),
	);
const measured = chosen.flatMap((scenario) =>
	figuresOf(scenario, results.get(scenario) as Rounds),
);

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
			"90 % interval",
			"target",
		],
		...measured.map(cellsOf),
	]),
);
const seconds = Math.round((Date.now() - startedAt.getTime()) / 1_000);
console.log(
	`\n${machine.cores} cores, local runtime, ${rounds} rounds (fewer for long scenarios, more for those with a target), ${seconds} seconds. A ratio is Tidings' figure divided by the bare platform's.`,
);
if (values.json !== undefined)
	writeFileSync(
		values.json,
		`${JSON.stringify({ startedAt, machine, rounds, results: measured }, null, "\t")}\n`,
	);

/** Measures some scenarios in a runtime of their own. */
async function measureIn(number: number, some: Scenario[]): Promise<void> {
	if (some.length === 0) return;
	const runtime = await startRuntime();
	try {
		for (const [index, scenario] of some.entries()) {
			const { repeats = 1 } = scenario;
			const { bare, tidings } = await measure(scenario, runtime, {
				rounds: repeats > 1 ? Math.ceil((rounds * repeats) / RUNTIMES) : rounds,
				progress: (line) =>
					showProgress(
						`runtime ${number}, ${index + 1}/${some.length} ${line}`,
					),
			});
			results.get(scenario)?.bare.push(...bare);
			results.get(scenario)?.tidings.push(...tidings);
		}
	} finally {
		showProgress("");
		await runtime.close();
	}
}

function cellsOf(one: Measured): string[] {
	const { name, unit, target, ratio, range } = one;
	return [
		name,
		unit,
		...[one.bare, one.tidings].flatMap((side) => [
			shown(median(side)),
			`${shown(Math.min(...side))} to ${shown(Math.max(...side))}`,
		]),
		ratio.toFixed(2),
		range.map((end) => end.toFixed(2)).join(" to "),
		target === undefined
			? ""
			: `${unit === "ms" ? "<=" : ">="} ${target}${isMet(one) ? "" : ", missed"}`,
	];
}

/** Overwrites one line of a terminal. */
function showProgress(line: string): void {
	if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line}`);
}
