/** `npm run mutants`: breaks the source on purpose, one place at a time, and fails when no test notices. */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { applyTo, type Break, broken } from "./mutants/break.ts";
import { BREAKS } from "./mutants/breaks.ts";
import { cleanUp, copyOf, firstFailure } from "./mutants/workspace.ts";

const HELP = `Breaks the source on purpose, one place at a time, and runs the fast tests on each break.

  npm run mutants                      all breaks
  npm run mutants -- --only <text>     those whose file or description contains it; may be repeated
  npm run mutants -- --list            what they are; fails when one has lost its place
  npm run mutants -- --help

It exits with 1 when a break survives: then a test is missing.`;

/** Breaks that are tried beside each other, each in a copy of its own. */
const BESIDE = 2;

const root = join(import.meta.dirname, "..");

interface Result {
	deliberate: Break;
	/** Undefined when it survived. */
	killer: string | undefined;
	seconds: number;
}

const { values } = parseArgs({
	options: {
		only: { type: "string", multiple: true },
		list: { type: "boolean" },
		help: { type: "boolean", short: "h" },
	},
});

if (values.help) console.log(HELP);
else {
	const chosen = BREAKS.filter(
		({ file, why }) =>
			values.only?.some((text) => `${file} ${why}`.includes(text)) ?? true,
	);
	// All of them, before the first is tried: a break that has lost its place proves nothing.
	for (const deliberate of BREAKS) broken(deliberate, root);
	if (chosen.length === 0) {
		console.error(`No break contains ${values.only?.join(" or ")}: see --list`);
		process.exitCode = 1;
	} else if (values.list)
		for (const { file, why } of chosen) console.log(`${file}: ${why}`);
	else await run(chosen);
}

async function run(chosen: readonly Break[]): Promise<void> {
	for (const signal of ["SIGINT", "SIGTERM"] as const)
		process.on(signal, () => {
			cleanUp();
			process.exit(130);
		});
	try {
		const copies = Array.from({ length: BESIDE }, () => copyOf(root));
		progress("the tests without a break");
		const failed = await firstFailure(copies[0] as string);
		if (failed !== undefined)
			throw new Error(`the tests fail without a break: ${failed}`);
		const results: Result[] = [];
		const waiting = [...chosen];
		await Promise.all(
			copies.map(async (copy) => {
				for (let next = waiting.shift(); next; next = waiting.shift()) {
					results.push(await tried(next, copy));
					tell(results, chosen.length);
				}
			}),
		);
		summarize(results);
	} finally {
		cleanUp();
	}
}

async function tried(deliberate: Break, copy: string): Promise<Result> {
	const startedAt = Date.now();
	const mend = applyTo(copy, deliberate);
	const killer = await firstFailure(copy, deliberate.file);
	mend();
	return { deliberate, killer, seconds: (Date.now() - startedAt) / 1_000 };
}

function tell(results: readonly Result[], all: number): void {
	const { deliberate, killer, seconds } = results.at(-1) as Result;
	const { file, why } = deliberate;
	const verdict = killer === undefined ? "SURVIVED" : "killed";
	clearProgress();
	console.log(`${verdict} in ${seconds.toFixed(1)} s  ${file}: ${why}`);
	if (killer !== undefined) console.log(`    ${killer}`);
	progress(`${results.length} of ${all}`);
}

function summarize(results: readonly Result[]): void {
	const survivors = results.filter(({ killer }) => killer === undefined);
	const seconds = results.reduce((sum, result) => sum + result.seconds, 0);
	clearProgress();
	console.log(
		`\n${results.length - survivors.length} of ${results.length} breaks killed, ${(seconds / results.length).toFixed(1)} s each`,
	);
	if (survivors.length === 0) return;
	console.log("No test noticed:");
	for (const { deliberate } of survivors)
		console.log(`  ${deliberate.file}: ${deliberate.why}`);
	process.exitCode = 1;
}

/** A line that is written over; only for a person who looks on. */
function progress(text: string): void {
	if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}

function clearProgress(): void {
	progress("");
}
