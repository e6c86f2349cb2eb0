/** `npm run bench:memory [-- --only TEXT] [--share PART] [--json FILE]`: how large a Worker's heap becomes. */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { table } from "../cost/table.ts";
import { type Measured, measure } from "./measure.ts";
import { type Running, start } from "./runtime.ts";
import { type Scenario, scenarios } from "./scenarios.ts";

const { values } = parseArgs({
	options: {
		only: { type: "string", default: "" },
		share: { type: "string", default: "1" },
		json: { type: "string" },
	},
});

/** Half of what an isolate has, in MB: a heap that is held to it gives up when it needs more. */
const HALF = 64;

interface Result extends Pick<Scenario, "name"> {
	/** What the heap was held to, in MB. */
	heldTo: number | null;
	measured: Measured | null;
	/** With what nobody uses collected before each look. */
	live: Measured | null;
	error: string | null;
}

const results: Result[] = [];
const all = scenarios(Number(values.share)).filter(({ name }) =>
	name.includes(values.only),
);
for (const heldTo of [HALF, undefined]) {
	const isHeld = heldTo !== undefined;
	const some = all.filter(({ isQueueLarge }) => !isQueueLarge === isHeld);
	let running: Running | undefined;
	for (const scenario of some) {
		running ??= await start(heldTo);
		const beganAt = Date.now();
		const result = await resultOf(scenario, running, heldTo);
		results.push(result);
		const seconds = ((Date.now() - beganAt) / 1_000).toFixed(1);
		console.error(`${scenario.name}: ${result.error ?? `${seconds} s`}`);
		if (result.error === null) continue;
		// It may have taken the runtime with it.
		await running.stop();
		running = undefined;
	}
	await running?.stop();
}

async function resultOf(
	scenario: Scenario,
	running: Running,
	heldTo: number | undefined,
): Promise<Result> {
	const result: Result = {
		name: scenario.name,
		heldTo: heldTo ?? null,
		measured: null,
		live: null,
		error: null,
	};
	try {
		result.measured = await measure(scenario, running, false);
		if (!scenario.isLong) result.live = await measure(scenario, running, true);
	} catch (error) {
		result.error = error instanceof Error ? error.message : String(error);
	}
	return result;
}

const MB = (bytes: number | undefined) =>
	bytes === undefined ? "" : (bytes / 1_000_000).toFixed(1);

const HEAD = [
	...["scenario", "handled", "idle", "peak", "of it live", "outside"],
	"heap held to",
];
console.log(
	"MB of the heap: with garbage, and without; outside of it buffers and the runtime's own objects:\n",
);
console.log(
	table([
		HEAD,
		...results.map(({ name, heldTo, measured, live, error }) => [
			name,
			error === null ? String(measured?.handled) : "failed",
			MB(measured?.idle),
			MB(measured?.peak),
			MB(live?.peak),
			MB(measured?.peakOutside),
			heldTo === null ? "-" : String(heldTo),
		]),
	]),
);
if (values.json !== undefined)
	writeFileSync(values.json, `${JSON.stringify({ results }, null, "\t")}\n`);
if (results.some(({ error }) => error !== null) || results.length === 0)
	process.exitCode = 1;
