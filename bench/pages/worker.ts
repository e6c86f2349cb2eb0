/** A Worker with the dashboard whose pages are measured. The meter of `bench/cost` counts what they read. */
import { apps } from "tidings/apps";
import { dashboard } from "tidings/dashboard";
import {
	DeadLetters as BareDeadLetters,
	Jobs as BareJobs,
	Journal as BareJournal,
	Payloads as BarePayloads,
	Scheduler as BareScheduler,
	Subscriptions as BareSubscriptions,
} from "tidings/objects";
import { worker } from "tidings/worker";
import type { Counts } from "../../src/journal/counters.ts";
import type { Page } from "../../src/journal/page.ts";
import { counted, meterObject, startCounting } from "../cost/meter.ts";
import { setTime } from "./clock.ts";
import type { Command, Opened } from "./commands.ts";
import { events } from "./events.ts";
import { change, fill } from "./fill.ts";

const own = worker(events, { dashboard: dashboard(), apps: apps() });

export default {
	...own,
	async fetch(request: Request, env: Cloudflare.Env, ctx: ExecutionContext) {
		const { pathname } = new URL(request.url);
		// The floor of the first byte: what any page of this Worker needs.
		if (pathname === "/empty")
			return new Response("<!doctype html><title>Empty</title>");
		if (pathname !== "/command") return own.fetch(request as never, env, ctx);
		const command: Command = await request.json();
		switch (command.type) {
			case "fill":
				return Response.json(await fill(command.size));
			case "change":
				await change();
				return Response.json(null);
			case "open":
				return Response.json(await open(command, env, ctx));
		}
	},
};

/** Opens a page, or its live updates, and counts what it reads. */
async function open(
	{ path, cookie, isLive }: Extract<Command, { type: "open" }>,
	env: Cloudflare.Env,
	ctx: ExecutionContext,
): Promise<Opened> {
	const now = Date.now();
	// Viewers share a query for 5 seconds.
	if (isLive) setTime(now + 5_000);
	startCounting();
	const headers = { cookie };
	const request = new Request(`https://events.example${path}`, { headers });
	const response = await own.fetch(request as never, env, ctx);
	const bytes = isLive
		? await firstBytes(response)
		: (await response.arrayBuffer()).byteLength;
	const { objectRequests, rowsRead } = await counted();
	setTime(now);
	return { status: response.status, bytes, objectRequests, rowsRead };
}

async function firstBytes({ body }: Response): Promise<number> {
	const reader = (body as ReadableStream<Uint8Array>).getReader();
	const { value } = await reader.read();
	await reader.cancel();
	return value?.byteLength ?? 0;
}

export const DeadLetters = meterObject(BareDeadLetters);
export const Jobs = meterObject(BareJobs);
export const Payloads = meterObject(BarePayloads);
export const Scheduler = meterObject(BareScheduler);
export const Subscriptions = meterObject(BareSubscriptions);

export class Journal extends meterObject(BareJournal) {
	/** Records many batches in one call. @param at when each was recorded, in epoch milliseconds */
	async fill(
		batches: readonly { at: number; page: Page; counts: Counts }[],
	): Promise<void> {
		for (const { at, page, counts } of batches) {
			setTime(at);
			await this.record(page, counts, DEPLOY);
		}
	}
}

/** The version that has recorded everything. */
const DEPLOY = "5e1f0c9a-8f0e-4c5d-9d0e-3c1b7a64f2d1";
