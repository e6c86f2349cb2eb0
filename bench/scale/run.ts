/**
 * `npm run bench:scale [-- --rows 1000,… --shards … --handlers … --subscriptions … --rounds 3 --json FILE]`: measures
 * how time and cost grow.
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import {
	type Dimension,
	HANDLERS,
	ROWS,
	SHARDS,
	SUBSCRIPTIONS,
} from "./dimensions.ts";
import { type Growth, growthIn, tableOf } from "./growth.ts";
import { start } from "./runtime.ts";

const { values } = parseArgs({
	options: {
		rows: { type: "string", default: "1000,10000,100000,1000000" },
		shards: { type: "string", default: "1,4,32" },
		handlers: { type: "string", default: "1,10,100,1000" },
		subscriptions: { type: "string", default: "10,1000,10000,100000" },
		rounds: { type: "string", default: "3" },
		json: { type: "string" },
	},
});

/** An empty list of sizes omits a dimension. */
function sized(dimension: Omit<Dimension, "sizes">, text: string): Dimension {
	const sizes = text.split(",").filter(Boolean).map(Number);
	return { ...dimension, sizes };
}

const dimensions = [
	sized(ROWS, values.rows),
	sized(SHARDS, values.shards),
	sized(HANDLERS, values.handlers),
	sized(SUBSCRIPTIONS, values.subscriptions),
].filter(({ sizes }) => sizes.length > 0);

const results: Record<string, Growth[]> = {};
for (const dimension of dimensions) {
	const running = await start();
	try {
		const growths = await growthIn(dimension, running, Number(values.rounds));
		results[dimension.title] = growths;
		console.log(`${dimension.title}\n\n${tableOf(dimension, growths)}\n`);
	} finally {
		await running.stop();
	}
}
if (values.json !== undefined)
	writeFileSync(values.json, `${JSON.stringify({ results }, null, "\t")}\n`);
