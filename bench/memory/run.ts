/** `npm run bench:memory [-- --only TEXT] [--share PART] [--json FILE]`: measures the heap of a Worker. */
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

/** Heap limit in MB: half of an isolate. V8 ends an isolate that needs more. */
const LIMIT = 64;

interface Result extends Pick<Scenario, "name"> {
	/** Heap limit in MB; null without one. */
	limit: number | null;
	measured: Measured | null;
	/** With garbage collected before each sample. */
	live: Measured | null;
	error: string | null;
}

const results: Result[] = [];
const all = scenarios(Number(values.share)).filter(({ name }) =>
	name.includes(values.only),
);
for (const limit of [LIMIT, undefined]) {
	const some = all.filter(
		({ hasLargeQueue = false }) => hasLargeQueue === (limit === undefined),
	);
	let running: Running | undefined;
	for (const scenario of some) {
		running ??= await start(limit);
		const startedAt = Date.now();
		const result = await resultOf(scenario, running, limit);
		results.push(result);
		const seconds = ((Date.now() - startedAt) / 1_000).toFixed(1);
		console.error(`${scenario.name}: ${result.error ?? `${seconds} s`}`);
		if (result.error === null) continue;
		// The runtime may have crashed with the scenario.
		await running.stop();
		running = undefined;
	}
	await running?.stop();
}

async function resultOf(
	scenario: Scenario,
	running: Running,
	limit: number | undefined,
): Promise<Result> {
	const result: Result = {
		name: scenario.name,
		limit: limit ?? null,
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
	"scenario",
	"handled",
	"idle",
	"peak",
	"live peak",
	"outside",
	"heap limit",
];
console.log(
	"MB. peak: heap with garbage; live peak: without; outside: buffers and the runtime's own objects.\n",
);
console.log(
	table([
		HEAD,
		...results.map(({ name, limit, measured, live, error }) => [
			name,
			error === null ? String(measured?.handled) : "failed",
			MB(measured?.idle),
			MB(measured?.peak),
			MB(live?.peak),
			MB(measured?.peakOutside),
			limit === null ? "-" : String(limit),
		]),
	]),
);
if (values.json !== undefined)
	writeFileSync(values.json, `${JSON.stringify({ results }, null, "\t")}\n`);
if (results.some(({ error }) => error !== null) || results.length === 0)
	process.exitCode = 1;
