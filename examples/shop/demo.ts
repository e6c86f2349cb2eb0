/**
 * `npm run demo [-- --keep]`: runs both Workers of the shop on the local runtime, sends traffic through them, and prints
 * each transition. At the end, it accounts for every event, and exits with 1 if one is missing. With `--keep`, it prints
 * the URL of the dashboard instead, and runs until Ctrl-C.
 */
import "./local/quiet.ts";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { createTestHarness } from "wrangler";
import { Lines } from "../../cli/timeline/lines.ts";
import { type Call, caller } from "./local/callers.ts";
import { LOCAL_API_KEYS, LOCAL_KEY } from "./local/key.ts";
import { Ledger, type Stored } from "./local/ledger.ts";
import { Printer } from "./local/printer.ts";
import { playStory } from "./local/story.ts";
import { summary } from "./local/summary.ts";

/** After this time, it prints what is missing. In milliseconds. */
const DEADLINE = 55_000;

const { keep } = parseArgs({
	options: { keep: { type: "boolean", default: false } },
}).values;
const startedAt = Date.now();
const lines = new Lines(
	(at) => `${((at - startedAt) / 1_000).toFixed(2).padStart(5)} s`,
);
const printer = new Printer(lines);
const harness = createTestHarness({
	root: import.meta.dirname,
	workers: [
		{
			configPath: "owner/wrangler.toml",
			secrets: { API_KEYS: LOCAL_API_KEYS },
		},
		{ configPath: "storefront/wrangler.toml" },
	],
});
const ledger = new Ledger();
let url = "";
let problem: string | undefined = "the demo did not finish";

// On Ctrl-C, wrangler stops the Workers and then this process.
try {
	await Promise.race([play(), sleep(DEADLINE)]);
} catch (error) {
	problem = error instanceof Error ? error.message : String(error);
}
follow();
printer.print(Number.POSITIVE_INFINITY);
if (problem === undefined) {
	console.log(`\n${summary(ledger.accounts(), lines)}`);
} else {
	console.log(`\n${problem}`);
	for (const what of ledger.missing()) console.log(`missing: ${what}`);
}
if (keep) {
	// Without a key it is open on this machine alone.
	console.log(`\nThe dashboard: ${url}/\nCtrl-C stops both Workers.`);
	await new Promise(() => {});
}
// Anything that does not close in time ends with the process.
await Promise.race([harness.close(), sleep(3_000)]);
process.exit(problem === undefined ? 0 : 1);

async function play(): Promise<void> {
	console.log(
		"Two Workers run here: shop-storefront publishes, shop-owner handles. Each order has five handlers:\none succeeds, one fails twice, one always fails, one rejects invalid addresses, one times out.",
	);
	url = (await harness.listen()).url.origin;
	setInterval(follow, 50);
	const owner = call("shop-owner", LOCAL_KEY);
	const scene = (text: string) => printer.scene(text);
	await playStory(call("shop-storefront"), owner, ledger, scene);
	do {
		await sleep(100);
		ledger.compare(await readStored(owner));
	} while (ledger.missing().length > 0);
	problem = undefined;
}

function call(worker: string, key?: string): Call {
	const handle = harness.getWorker(worker);
	const log = (text: string) => printer.remark(text);
	return caller(worker, (path, init) => handle.fetch(path, init), key, log);
}

function follow(): void {
	const logs = harness.getLogs();
	harness.clearLogs();
	for (const log of logs) {
		const transition = printer.read(log);
		if (transition) ledger.note(transition);
	}
	printer.print();
}

/** Lists what the owner's objects store. */
async function readStored(owner: Call): Promise<Stored> {
	const dead = await owner<{ deadLetters: { id: string }[] }>(
		"GET",
		"/v1/dead-letters?limit=1000",
	);
	const later = await owner<{ scheduled: { id: string }[] }>(
		"GET",
		"/v1/scheduled?limit=1000",
	);
	return {
		letters: dead.body.deadLetters.map(({ id }) => id),
		scheduled: later.body.scheduled.map(({ id }) => id),
	};
}
