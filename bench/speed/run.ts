/**
 * `npm run bench [-- --json FILE --only NAME --rounds N]`: runs each scenario for the bare platform and for Tidings
 * in turn, and prints medians, spread and ratio.
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
 * What is near to what is asked is measured in so many runtimes, one after the other: ratios of one and the same code
 * differ more between them than between rounds (measured: 0.88, 0.89, 0.95 and 0.95, each of 40 rounds).
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
const taken = new Map<Scenario, Rounds>(
	chosen.map((scenario) => [scenario, { bare: [], tidings: [] }]),
);
for (let number = 1; number <= RUNTIMES; number++)
	await measureIn(
		number,
		chosen.filter(({ repeats = 1 }) => number === 1 || repeats > 1),
	);
const measured = chosen.flatMap((scenario) =>
	figuresOf(scenario, taken.get(scenario) as Rounds),
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
			"in 9 of 10",
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

/** Measures these in a runtime of their own. */
async function measureIn(number: number, some: Scenario[]): Promise<void> {
	if (some.length === 0) return;
	const runtime = await startRuntime();
	try {
		for (const [index, scenario] of some.entries()) {
			const { repeats = 1 } = scenario;
			const { bare, tidings } = await measure(scenario, runtime, {
				rounds: repeats > 1 ? Math.ceil((rounds * repeats) / RUNTIMES) : rounds,
				progress: (line) =>
					tell(`runtime ${number}, ${index + 1}/${some.length} ${line}`),
			});
			taken.get(scenario)?.bare.push(...bare);
			taken.get(scenario)?.tidings.push(...tidings);
		}
	} finally {
		tell("");
		await runtime.close();
	}
}

function cellsOf(one: Measured): string[] {
	const { name, unit, asked, ratio, range } = one;
	const isEnough = isMet(one);
	return [
		name,
		unit,
		...[one.bare, one.tidings].flatMap((side) => [
			shown(median(side)),
			`${shown(Math.min(...side))} to ${shown(Math.max(...side))}`,
		]),
		ratio.toFixed(2),
		range.map((end) => end.toFixed(2)).join(" to "),
		asked === undefined
			? ""
			: `${unit === "ms" ? "<=" : ">="} ${asked}${isEnough ? "" : ", missed"}`,
	];
}

/** One line that is written over, where somebody watches. */
function tell(line: string): void {
	if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line}`);
}
