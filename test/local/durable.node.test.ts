/**
 * A durable local run: `wrangler dev` is edited and killed while events, retries and dead letters are in its queues.
 */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { LOCAL_API_KEYS, LOCAL_KEY } from "../../examples/shop/local/key.ts";
import { DevRun } from "./dev-run.ts";

/** `EVENTS=1000 RELOADS=3 KILLS=2 npx vitest run test/local` is the long run. */
const { EVENTS = "100", RELOADS = "1", KILLS = "1" } = process.env;
const events = Number(EVENTS);
const interruptions = [
	...Array.from({ length: Number(RELOADS) }, () => "reload"),
	...Array.from({ length: Number(KILLS) }, () => "kill"),
];

/** The numbers of the events that each handler has reported. */
const reported = { work: new Set<number>(), follow: new Set<number>() };
const ledger = createServer((request, response) => {
	const [, handler, n] = (request.url ?? "").split("/");
	reported[handler as keyof typeof reported].add(Number(n));
	response.end();
}).listen(0, "127.0.0.1");
await once(ledger, "listening");
const { port } = ledger.address() as AddressInfo;

const src = join(import.meta.dirname, "../../src");
const SOURCE = `
import { createEvents, NonRetryableError } from "${src}/index.ts";
import { worker } from "${src}/worker.ts";
export * from "${src}/objects.ts";

const events = createEvents();
const report = async (handler, n) => {
	await fetch("http://127.0.0.1:${port}/" + handler + "/" + n);
};
const retries = { limit: 5, backoff: "constant", base: 500 };
// Every tenth event fails once, every 25th for good. Each event that is handled publishes another one.
events.on("step.begun", { id: "work", retries }, async ({ body: { n } }, { attempt }) => {
	if (n % 25 === 0) throw new NonRetryableError("for good");
	if (n % 10 === 1 && attempt === 1) throw new Error("once");
	await report("work", n);
	await events.publish("step.done", { n });
});
events.on("step.done", { id: "follow" }, ({ body }) => report("follow", body.n));

export default worker(events, {
	async fetch(request) {
		const { pathname } = new URL(request.url);
		if (pathname === "/version") return new Response("VERSION");
		const numbers = await request.json();
		return Response.json(await events.publishBatch(
			numbers.map((n) => ({ name: "step.begun", body: { n } })),
		));
	},
});
`;

let run: DevRun;

beforeAll(async () => {
	const devVars = `TIDINGS_LOCAL=durable\nAPI_KEYS='${LOCAL_API_KEYS}'\n`;
	run = new DevRun(SOURCE, devVars);
	await run.start();
});
afterAll(async () => {
	await run.close();
	ledger.close();
});

async function get(path: string): Promise<unknown> {
	const headers = { authorization: `Bearer ${LOCAL_KEY}` };
	return (await run.fetch(path, { headers })).json();
}

/** Those that do not fail for good. */
const handledOf = (numbers: readonly number[]) =>
	numbers.filter((n) => n % 25 !== 0);

test("every event is handled, although the code is edited and the run is killed", {
	timeout: 300_000,
}, async () => {
	const all = Array.from({ length: events }, (_, index) => index + 1);
	const share = Math.ceil(events / interruptions.length);
	for (const [index, interruption] of interruptions.entries()) {
		const published = all.slice(0, (index + 1) * share);
		const body = JSON.stringify(published.slice(index * share));
		const answer = await run.fetch("/", { method: "POST", body });
		expect(await answer.json()).toHaveLength(share);
		// Both ends: events are in the queues when the run is interrupted.
		const before = reported.follow.size;
		expect(before).toBeLessThan(handledOf(published).length);
		if (interruption === "reload") await run.edit(index + 2);
		else {
			await run.kill();
			await run.start();
			// Without a request: the alarm of the killed run goes on.
			await vi.waitFor(
				() => expect(reported.follow.size).toBeGreaterThan(before),
				{ timeout: 10_000, interval: 20 },
			);
		}
	}
	const handled = handledOf(all);
	await vi.waitFor(
		async () => {
			expect([...reported.work].toSorted((a, b) => a - b)).toEqual(handled);
			expect([...reported.follow].toSorted((a, b) => a - b)).toEqual(handled);
			expect(await get("/v1/dead-letters?limit=1")).toMatchObject({
				count: all.length - handled.length,
			});
			const empty = { backlogCount: 0 };
			expect(await get("/health")).toMatchObject({
				queues: { events: empty, retries: empty, deadLetters: empty },
			});
		},
		{ timeout: 120_000, interval: 100 },
	);
	expect(run.output).toContain('"tidings":"local_queues_durable"');
});
