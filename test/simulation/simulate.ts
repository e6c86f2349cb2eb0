/** `npm run simulate`: runs many seeds, and of one that breaks a law shows the shortest history that does. */
import { parseArgs, styleText } from "node:util";
import { FAULTS } from "./faults.ts";
import { type Outcome, run } from "./run.ts";
import { draw } from "./scenario.ts";
import { shrink } from "./shrink.ts";
import { timeline } from "./timeline.ts";

const HELP = `Runs Tidings on a simulated platform, from seeds, with faults, and judges each run by the ledger.

  npm run simulate                              1 000 seeds
  npm run simulate -- --seeds 10000             so many seeds, from 1 on
  npm run simulate -- --seed 17                 this one alone, with its timeline
  npm run simulate -- --faults crash,duplicate  only these faults

The faults: ${FAULTS.join(", ")}
`;

const { values } = parseArgs({
	options: {
		seeds: { type: "string", default: "1000" },
		seed: { type: "string" },
		faults: { type: "string" },
		help: { type: "boolean", default: false },
	},
});

const faults = values.faults?.split(",") ?? FAULTS;
const unknown = faults.filter((name) => !FAULTS.includes(name));
const from = Number(values.seed ?? 1);
const count = values.seed === undefined ? Number(values.seeds) : 1;
if (values.help) console.log(HELP);
else if (unknown.length > 0 || !(count >= 1) || !Number.isInteger(from)) {
	console.error(
		unknown.length > 0
			? `--faults: ${unknown.join(", ")} is unknown; there are ${FAULTS.join(", ")}`
			: "--seeds and --seed take a whole number of 1 or more",
	);
	process.exitCode = 2;
} else await simulate();

async function simulate(): Promise<void> {
	const startedAt = performance.now();
	let events = 0;
	let steps = 0;
	for (let seed = from; seed < from + count; seed++) {
		const scenario = draw(seed, faults);
		const outcome = await run(scenario);
		events += scenario.events;
		steps += outcome.steps;
		if (outcome.violations.length > 0) {
			progress(seed - from + 1, true);
			await report(outcome);
			process.exitCode = 1;
			return;
		}
		progress(seed - from + 1, seed + 1 === from + count);
		if (values.seed !== undefined) console.log(timeline(outcome));
	}
	console.log(
		styleText("green", `${count} seeds, ${events} events: every law held`),
	);

	function progress(done: number, isLast: boolean): void {
		const tenth = Math.ceil(count / 10);
		if (!process.stderr.isTTY && !isLast && done % tenth > 0) return;
		if (process.stderr.isTTY && !isLast && done % 10 > 0) return;
		const seconds = (performance.now() - startedAt) / 1_000;
		const full = Math.round((done / count) * 24);
		const line = `${"█".repeat(full)}${"░".repeat(24 - full)} ${done}/${count} seeds, ${Math.round(events / seconds)} events/s, ${Math.round(steps / seconds)} steps/s`;
		process.stderr.write(
			process.stderr.isTTY && !isLast ? `\r${line}\x1b[K` : `\r${line}\n`,
		);
	}
}

async function report(failed: Outcome): Promise<void> {
	const { seed } = failed.scenario;
	console.log(styleText("red", `\nseed ${seed} breaks a law:`));
	for (const { rule, text } of failed.violations.slice(0, 10))
		console.log(`  ${rule}: ${text}`);
	const shrunk = await shrink(failed, (acts, strikes) => {
		if (process.stderr.isTTY)
			process.stderr.write(
				`\rshrinking: ${acts} acts, ${strikes} faults\x1b[K`,
			);
	});
	console.log(`\nThe shortest history found that does so:`);
	const { version, acts } = shrunk.scenario;
	for (const { id, on, retries } of version.handlers)
		console.log(`  handler ${id} on ${on}, retries ${JSON.stringify(retries)}`);
	for (const { at, ...deed } of acts)
		console.log(`  after ${at} ms  ${JSON.stringify(deed)}`);
	for (const strike of shrunk.struck) console.log(`  fault ${strike}`);
	console.log(`\n${timeline(shrunk)}\n`);
	for (const { rule, text } of shrunk.violations.slice(0, 10))
		console.log(`  ${rule}: ${text}`);
	const chosen = values.faults ? ` --faults ${values.faults}` : "";
	console.log(`\nThe same again: npm run simulate -- --seed ${seed}${chosen}`);
}
