/** `npm run simulate`: runs many seeds. If one breaks a law, it shows the shortest history that breaks it. */
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseArgs, styleText } from "node:util";
import { Worker } from "node:worker_threads";
import { FAULTS } from "./faults.ts";
import type { Violation } from "./invariants.ts";
import { Progress } from "./progress.ts";
import { type Outcome, run } from "./run.ts";
import { draw } from "./scenario.ts";
import type { Ran, Work } from "./seeds.ts";
import { shrink } from "./shrink.ts";
import { timeline } from "./timeline.ts";

/** Seeds of one thread. A new thread then frees the memory of the old one. */
const SHARE = 500;

const HELP = `Runs Tidings on a simulated platform with faults, drawn from seeds, and checks the laws in each run.

  npm run simulate                              1 000 seeds
  npm run simulate -- --seeds 10000             seeds 1 to 10 000
  npm run simulate -- --seed 17                 one seed, with its timeline
  npm run simulate -- --seed 17 --seeds 100     100 seeds from 17 on
  npm run simulate -- --faults crash,duplicate  only these faults

The faults: ${FAULTS.join(", ")}
`;

const { values } = parseArgs({
	options: {
		seeds: { type: "string" },
		seed: { type: "string" },
		faults: { type: "string" },
		help: { type: "boolean", default: false },
	},
});

const faults = values.faults?.split(",") ?? FAULTS;
const unknown = faults.filter((name) => !FAULTS.includes(name));
const from = Number(values.seed ?? 1);
const isOne = values.seed !== undefined && values.seeds === undefined;
const count = isOne ? 1 : Number(values.seeds ?? 1_000);
if (values.help) console.log(HELP);
else if (unknown.length > 0 || !(count >= 1) || !Number.isInteger(from)) {
	console.error(
		unknown.length > 0
			? `--faults: ${unknown.join(", ")} is unknown; use ${FAULTS.join(", ")}`
			: "--seeds and --seed; use a whole number of at least 1",
	);
	process.exitCode = 2;
} else if (isOne) await one(from);
else await many();

async function one(seed: number): Promise<void> {
	const outcome = await run(draw(seed, faults));
	if (outcome.violations.length > 0) return report(outcome);
	console.log(timeline(outcome));
	reportSuccess(1, outcome.scenario.events);
}

/** Threads share the seeds, until one finds a broken law. */
async function many(): Promise<void> {
	const progress = new Progress(count);
	const every = Math.min(availableParallelism(), count);
	const until = from + count;
	const running = new Set<Worker>();
	const lanes = Array.from({ length: every }, async (_, index) => {
		for (let first = from + index; first < until; first += every * SHARE) {
			const end = Math.min(until, first + every * SHARE);
			const broken = await share({ first, every, until: end, faults });
			if (broken !== undefined) return broken;
		}
		throw undefined;
	});
	const broken = await Promise.any(lanes).catch(
		({ errors }: AggregateError) => {
			const failure = errors.find((error) => error !== undefined);
			if (failure !== undefined) throw failure;
		},
	);
	for (const thread of running) await thread.terminate();
	progress.end();
	if (broken === undefined) reportSuccess(count, progress.events);
	else await reportAgain(broken);

	/** Returns what a seed has broken, if one does. */
	function share(workerData: Work): Promise<Ran | undefined> {
		const path = join(import.meta.dirname, "seeds.ts");
		const thread = new Worker(path, { workerData });
		running.add(thread);
		return new Promise((resolve, reject) => {
			thread.on("message", (ran: Ran) => {
				progress.add(ran);
				if (ran.violations.length > 0) resolve(ran);
			});
			thread.on("error", reject);
			thread.on("exit", (code) => {
				running.delete(thread);
				if (code === 0) resolve(undefined);
				else reject(new Error(`a thread exited with code ${code}`));
			});
		});
	}
}

function reportSuccess(seeds: number, events: number): void {
	const text = `${seeds} ${seeds === 1 ? "seed" : "seeds"}, ${events} events: every law holds`;
	console.log(styleText("green", text));
}

/** A run depends on its seed alone, unless something real has a part in it. */
async function reportAgain({ seed, violations }: Ran): Promise<void> {
	const again = await run(draw(seed, faults));
	if (again.violations.length > 0) return report(again);
	process.exitCode = 1;
	console.log(styleText("red", `\nseed ${seed} broke a law:`));
	console.log(linesOf(violations));
	console.log(
		"It holds when it is run again, so the run depends on something besides its seed: find it first.",
	);
}

async function report(failed: Outcome): Promise<void> {
	process.exitCode = 1;
	const { seed } = failed.scenario;
	console.log(styleText("red", `\nseed ${seed} breaks a law:`));
	console.log(linesOf(failed.violations));
	const shrunk = await shrink(failed, run, (acts, strikes) => {
		if (process.stderr.isTTY)
			process.stderr.write(
				`\rshrinking: ${acts} acts, ${strikes} faults\x1b[K`,
			);
	});
	console.log(`\nThe shortest history found that breaks it:`);
	const { version, acts } = shrunk.scenario;
	for (const { id, on, retries } of version.handlers)
		console.log(`  handler ${id} on ${on}, retries ${JSON.stringify(retries)}`);
	for (const { at, ...deed } of acts)
		console.log(`  after ${at} ms  ${JSON.stringify(deed)}`);
	for (const strike of shrunk.struck) console.log(`  fault ${strike}`);
	console.log(`\n${timeline(shrunk)}\n`);
	console.log(linesOf(shrunk.violations));
	const chosen = values.faults ? ` --faults ${values.faults}` : "";
	console.log(`\nTo repeat: npm run simulate -- --seed ${seed}${chosen}`);
}

function linesOf(violations: readonly Violation[]): string {
	return violations
		.slice(0, 10)
		.map(({ rule, text }) => `  ${rule}: ${text}`)
		.join("\n");
}
