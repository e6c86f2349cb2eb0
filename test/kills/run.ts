/** `npm run kills`: kills the runtime at each fault point and at random moments, and accounts for every event. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build, WRANGLER_FOLDER } from "./build.ts";
import { devServer } from "./dev-server.ts";
import {
	type Fault,
	faultsAt,
	provoke,
	record,
	type Verdict,
} from "./fault-points.ts";
import { readOptions } from "./options.ts";
import { killAtRandom, type RandomKills } from "./random-kills.ts";
import { Site } from "./site.ts";
import { workerdOn } from "./workerd.ts";

/** Concurrent fault points. Most of them wait, but dev servers start slowly. */
const CONCURRENCY = { short: 20, long: 12 };

/** Points whose fault can cause a wait of a minute. They run first. */
const WAITS = /flushes|scheduled event > keep|get \(/;

const options = readOptions();
const folder = mkdtempSync(join(tmpdir(), "tidings-kills-"));
process.on("exit", () => {
	for (const left of [folder, WRANGLER_FOLDER])
		rmSync(left, { recursive: true, force: true });
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
	process.on(signal, () => process.exit(130));

const startedAt = Date.now();
console.log(`seed ${options.seed}`);
const workerd = workerdOn(build(join(folder, "bundle")));
const [verdicts, random] = await Promise.all([faultPoints(), randomKills()]);
process.exitCode = report(verdicts, random) ? 0 : 1;

async function faultPoints(): Promise<Verdict[]> {
	const { points, short, seed } = options;
	if (points === undefined) return [];
	const labels = await record(join(folder, "recorded"), workerd);
	const alternating = (index: number): Fault["fault"][] => [
		(index + (index >> 1) + seed) % 2 === 0 ? "throw" : "kill",
	];
	const faults = faultsAt(
		labels.filter((label) => label.includes(points)),
		short ? alternating : () => ["throw", "kill", "kill with parent"],
	).sort((a, b) => Number(WAITS.test(b.label)) - Number(WAITS.test(a.label)));
	if (faults.length === 0)
		throw new Error(`no point's label contains ${JSON.stringify(points)}`);
	const verdicts: Verdict[] = [];
	const queue = faults.entries();
	await Promise.all(
		Array.from(
			{ length: short ? CONCURRENCY.short : CONCURRENCY.long },
			async () => {
				for (const [index, fault] of queue) {
					const start =
						fault.fault === "kill with parent" ? devServer : workerd;
					const own = join(folder, `point-${index}`);
					const verdict = await provoke(fault, own, start);
					verdicts.push(verdict);
					console.log(`${verdicts.length}/${faults.length} ${lineOf(verdict)}`);
				}
			},
		),
	);
	return verdicts;
}

async function randomKills(): Promise<RandomKills | undefined> {
	const { kills, seed, short } = options;
	if (kills === 0) return undefined;
	// The dev server takes two seconds to start.
	const start = short ? workerd : devServer;
	const site = new Site(join(folder, "random"), start, false);
	try {
		await site.open();
		return await killAtRandom(kills, seed, site, console.log);
	} finally {
		await site.close();
	}
}

function lineOf({ label, fault, faults, seconds }: Verdict): string {
	const end = faults.length === 0 ? "ok" : "FAILED";
	return `${end}  ${seconds.toFixed(1)} s  ${fault} at ${label}`;
}

/** Returns whether nothing is wrong. */
function report(
	verdicts: readonly Verdict[],
	random: RandomKills | undefined,
): boolean {
	const failed = verdicts.filter(({ faults }) => faults.length > 0);
	for (const verdict of failed)
		console.error(
			`\n${lineOf(verdict)}\n${verdict.faults.join("\n")}\n\nThe Worker's log:\n${verdict.log}`,
		);
	if (random && random.faults.length > 0)
		console.error(`\nrandom kills:\n${random.faults.join("\n")}`);
	console.log(
		`\nfault points: ${verdicts.length} faults provoked, ${failed.length} with a loss`,
	);
	if (random) {
		const { published, kills, sums, faults } = random;
		console.log(
			`random kills: ${published} published, ${sums.acknowledged} acknowledged, ${kills} kills, ${sums.deliveries} deliveries: ${sums.delivered} delivered (${sums.duplicates} duplicates), ${sums.dead} dead, ${faults.filter((fault) => fault.startsWith("missing")).length} missing, ${faults.length} faults`,
		);
	}
	console.log(`${Math.round((Date.now() - startedAt) / 1_000)} s`);
	return failed.length === 0 && !random?.faults.length;
}
