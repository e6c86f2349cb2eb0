/**
 * Drives one side from within its Worker, with the same loops for both. Times are read after an `await`, because a
 * Worker's clock advances only with I/O.
 */
import type { ActionName, Actions, Answer, Manner } from "./actions.ts";
import { bodyOf } from "./bodies.ts";
import {
	allHandled,
	type Body,
	begin,
	pauseConsumer,
	resumeConsumer,
} from "./tally.ts";

export interface Timed {
	/** Epoch milliseconds. */
	dueAt: number;
	body: Body;
}

/** The operations of a side. Names of events are `handled-by-1`, `-3`, `-10`, `clocked` and `failing`. */
export interface Side {
	publish(name: string, body: Body): Promise<unknown>;
	/** Publishes at most a hundred events in one call. */
	publishBatch(name: string, bodies: Body[]): Promise<unknown>;
	schedule(name: string, timed: Timed): Promise<string>;
	/** Schedules at most a thousand events, in as few calls as possible. */
	scheduleBatch(name: string, timed: Timed[]): Promise<string[]>;
	cancel(id: string): Promise<boolean>;
	/** Adds subscriptions, with the keys 0, 1, 2 …, to the event that is named for the number `of`. */
	fill(of: number, subscriptions: number): Promise<unknown>;
	/** Sends that event to one subscriber for each key. */
	send(of: number, keys: number[]): Promise<unknown>;
}

const DAY = 86_400_000;
const KB = 1_000;

/** Answers `POST /<action>` with its parameters as JSON. */
export async function drive(side: Side, request: Request): Promise<Response> {
	const name = new URL(request.url).pathname.slice(1) as ActionName;
	const act = actions[name] as (of: unknown, side: Side) => Promise<Answer>;
	try {
		return Response.json(await act(await request.json(), side));
	} catch (error) {
		return new Response((error as Error).stack ?? String(error), {
			status: 500,
		});
	}
}

const actions: {
	[Name in ActionName]: (of: Actions[Name], side: Side) => Promise<Answer>;
} = {
	async pause() {
		begin();
		pauseConsumer();
		return { ms: 0, handled: 0 };
	},

	async handled({ events }) {
		resumeConsumer();
		return { ms: 0, ...(await allHandled(events)) };
	},

	async publish({ events, manner }, side) {
		return { ms: await published(events, manner, side), handled: 0 };
	},

	async endToEnd({ events, handlers, bytes }, side) {
		begin();
		const body = bodyOf(bytes);
		const startedAt = Date.now();
		await inBatches(events, bytes, () => body, `handled-by-${handlers}`, side);
		const { handled } = await allHandled(events * handlers);
		return { ms: Date.now() - startedAt, handled };
	},

	async latency({ events, everyMs }, side) {
		begin();
		const { items } = bodyOf(KB);
		const startedAt = Date.now();
		const publishing: Promise<unknown>[] = [];
		for (let number = 0; number < events; number++) {
			const wait = startedAt + number * everyMs - Date.now();
			if (wait > 0) await scheduler.wait(wait);
			const at = Date.now();
			publishing.push(side.publish("clocked", { at, ...(items && { items }) }));
		}
		await Promise.all(publishing);
		const { handled, waits } = await allHandled(events);
		return { ms: Date.now() - startedAt, handled, waits };
	},

	async schedule({ events, manner }, side) {
		begin();
		const { ms } = await scheduledFor(Date.now() + DAY, events, manner, side);
		return { ms, handled: 0 };
	},

	async cancel({ events }, side) {
		begin();
		const tomorrow = Date.now() + DAY;
		const { ids } = await scheduledFor(tomorrow, events, "in batches", side);
		const startedAt = Date.now();
		const cancelled = await Promise.all(ids.map((id) => side.cancel(id)));
		const ms = Date.now() - startedAt;
		if (!cancelled.every(Boolean))
			throw new Error("an event was not cancelled");
		return { ms, handled: 0 };
	},

	async due({ events, leadMs, overMs }, side) {
		begin();
		const firstAt = Date.now() + leadMs;
		const timed = Array.from({ length: events }, (_, number) =>
			timedAt(firstAt + Math.floor((number * overMs) / events)),
		);
		for (let from = 0; from < events; from += 1_000)
			await side.scheduleBatch("clocked", timed.slice(from, from + 1_000));
		if (Date.now() >= firstAt)
			throw new Error("events were due before all of them were scheduled");
		const { handled, waits } = await allHandled(events);
		return { ms: Date.now() - firstAt, handled, waits };
	},

	async retries({ events }, side) {
		begin();
		const { items } = bodyOf(KB);
		const bodyAt = (number: number) => ({
			fails: number % 10 === 0,
			...(items && { items }),
		});
		const startedAt = Date.now();
		await inBatches(events, KB, bodyAt, "failing", side);
		const { handled } = await allHandled(events + Math.ceil(events / 10));
		return { ms: Date.now() - startedAt, handled };
	},

	async fill({ of, subscriptions }, side) {
		const startedAt = Date.now();
		await side.fill(of, subscriptions);
		return { ms: Date.now() - startedAt, handled: 0 };
	},

	async match({ of, subscriptions, events }, side) {
		begin();
		const keys = Array.from({ length: events }, (_, number) =>
			Math.floor((number * subscriptions) / events),
		);
		const startedAt = Date.now();
		await side.send(of, keys);
		const { handled } = await allHandled(events);
		return { ms: Date.now() - startedAt, handled };
	},
};

/** Publishes events of 1 KB. Returns the time in milliseconds. */
export async function published(
	events: number,
	manner: Manner,
	side: Pick<Side, "publish" | "publishBatch">,
): Promise<number> {
	const body = bodyOf(KB);
	const one = () => side.publish("handled-by-1", body);
	const startedAt = Date.now();
	switch (manner) {
		case "one by one":
			for (let number = 0; number < events; number++) await one();
			break;
		case "together":
			await Promise.all(Array.from({ length: events }, one));
			break;
		case "in batches":
			await inBatches(events, KB, () => body, "handled-by-1", side);
	}
	return Date.now() - startedAt;
}

/** Publishes in the largest batches that a queue accepts. */
async function inBatches(
	events: number,
	bytes: number,
	bodyAt: (number: number) => Body,
	name: string,
	side: Pick<Side, "publishBatch">,
): Promise<void> {
	const size = Math.min(100, Math.floor(240_000 / bytes));
	for (let from = 0; from < events; from += size)
		await side.publishBatch(
			name,
			Array.from({ length: Math.min(size, events - from) }, (_, number) =>
				bodyAt(from + number),
			),
		);
}

async function scheduledFor(
	dueAt: number,
	events: number,
	manner: Manner,
	side: Side,
): Promise<{ ms: number; ids: string[] }> {
	const timed = Array.from({ length: events }, () => timedAt(dueAt));
	const startedAt = Date.now();
	const ids: string[] = [];
	switch (manner) {
		case "one by one":
			for (const one of timed) ids.push(await side.schedule("clocked", one));
			break;
		case "together":
			ids.push(
				...(await Promise.all(
					timed.map((one) => side.schedule("clocked", one)),
				)),
			);
			break;
		case "in batches":
			for (let from = 0; from < events; from += 1_000)
				ids.push(
					...(await side.scheduleBatch(
						"clocked",
						timed.slice(from, from + 1_000),
					)),
				);
	}
	return { ms: Date.now() - startedAt, ids };
}

function timedAt(dueAt: number): Timed {
	return { dueAt, body: { at: dueAt } };
}
