/**
 * `npm run demo:inbox`: runs the apps on the local runtime, and programs that play the external services. Users subscribe
 * and unsubscribe. At the end, it accounts for every request and every event, and exits with 1 if one is missing.
 */
import "../shop/local/quiet.ts";
import { setTimeout as sleep } from "node:timers/promises";
import { createTestHarness } from "wrangler";
import { Lines } from "../../cli/timeline/lines.ts";
import { caller } from "../shop/local/callers.ts";
import { Printer } from "../shop/local/printer.ts";
import { Accounts } from "./accounts.ts";
import { OutsideService, type Post } from "./mail-service.ts";
import { playStory } from "./story.ts";
import { LOCAL_SECRET, tokenOf } from "./users.ts";

/** After this time, it prints what is missing. In milliseconds. */
const DEADLINE = 50_000;

const startedAt = Date.now();
const lines = new Lines(
	(at) => `${((at - startedAt) / 1_000).toFixed(2).padStart(5)} s`,
	{ event: 37, handler: 37 },
);
const printer = new Printer(lines);
const accounts = new Accounts();
const remark = (text: string) => printer.remark(text);

const post: Post = (url, init) => harness.getWorker().fetch(url, init);
const mail = new OutsideService(post, (asked) =>
	remark(`→ mail service: ${asked}`),
);
const calendar = new OutsideService(post, (asked) =>
	remark(`→ calendar service: ${asked}`),
);
const harness = createTestHarness({
	root: import.meta.dirname,
	workers: [
		{
			configPath: "wrangler.toml",
			secrets: { AUTH_SECRET: LOCAL_SECRET },
			vars: {
				MAIL_SERVICE: await mail.listen(),
				CALENDAR_SERVICE: await calendar.listen(),
			},
		},
	],
});
let problem: string | undefined = "the demo did not finish";

// On Ctrl-C, wrangler stops the Worker and then this process.
try {
	await Promise.race([play(), sleep(DEADLINE)]);
} catch (error) {
	problem = error instanceof Error ? error.message : String(error);
}
follow();
printer.print(Number.POSITIVE_INFINITY);
if (problem === undefined) {
	console.log(`\n${accounts.summary()}`);
} else {
	console.log(`\n${problem}`);
	for (const what of accounts.missing()) console.log(`missing: ${what}`);
}
for (const service of [mail, calendar]) service.close();
// Anything that does not close in time ends with the process.
await Promise.race([harness.close(), sleep(3_000)]);
process.exit(problem === undefined ? 0 : 1);

async function play(): Promise<void> {
	console.log(
		"One Worker runs here with three apps: email and calendar have events, inbox subscribes to them for its users.",
	);
	await harness.listen();
	setInterval(follow, 50);
	const ada = { accountId: "a1", email: "ada@example.com" };
	const ben = { accountId: "b2", email: "ben@example.com" };
	await playStory({
		ada: as("Ada", await tokenOf(ada)),
		ben: as("Ben", await tokenOf(ben)),
		mallory: as("Mallory", await tokenOf(ada, `not ${LOCAL_SECRET}`)),
		mail,
		calendar,
		accounts,
		look,
		scene: (text) => printer.scene(text),
		remark,
	});
	do {
		await sleep(100);
		await look();
	} while (accounts.missing().length > 0);
	problem = undefined;
}

/** Calls the Worker over HTTP with a user's token, like the user's own program. */
function as(name: string, token: string) {
	const worker = harness.getWorker();
	return caller(name, (path, init) => worker.fetch(path, init), token, remark);
}

function follow(): void {
	const logs = harness.getLogs();
	harness.clearLogs();
	for (const log of logs) {
		const transition = printer.read(log);
		if (transition) accounts.note(transition);
	}
	printer.print();
}

/** Reads the files in the inbox's space. */
async function look(): Promise<void> {
	const space = "@my-org/inbox";
	const { APP_STORAGE } = await harness
		.getWorker<{ APP_STORAGE: R2Bucket }>()
		.getEnv();
	const { objects } = await APP_STORAGE.list({ prefix: `${space}/` });
	accounts.compare(objects.map(({ key }) => key.slice(space.length)));
}
