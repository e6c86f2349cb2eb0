/** The dimensions that grow, and the measurements at each size. */
import type { Action } from "./actions.ts";
import type { Running } from "./runtime.ts";

export interface Measurement {
	name: string;
	action: Action;
	input?: unknown;
	/** Number of events, calls or deliveries. Time and counts are divided by it. */
	count: number;
	/** Actions before each round. They are not counted. */
	before?: readonly [action: Action, input?: unknown][];
}

export interface Dimension {
	title: string;
	unit: string;
	sizes: readonly number[];
	/** Grows from one size to a larger one. */
	grow(running: Running, from: number, to: number): Promise<void>;
	measurements(size: number): Measurement[];
}

type Growing = Omit<Dimension, "sizes">;

/** Makes calls of at most `most` each. */
async function inCalls(
	from: number,
	to: number,
	most: number,
	call: (from: number, count: number) => Promise<unknown>,
): Promise<void> {
	for (let at = from; at < to; at += most)
		await call(at, Math.min(most, to - at));
}

function calls(name: string, action: Action, count: number): Measurement {
	return { name, action, input: count, count };
}

/** Events that one flush sends. */
const DUE = 1_000;

export const ROWS: Growing = {
	title: "Scheduled events in one shard",
	unit: "waiting",
	grow: ({ perform }, from, to) =>
		inCalls(from, to, 5_000, (_, count) => perform("addRows", count)),
	measurements: () => [
		calls("schedule one", "scheduleOne", 100),
		calls("schedule 1 000 in a batch", "scheduleBatch", DUE),
		{
			name: "flush 1 000 due events",
			action: "flush",
			count: DUE,
			before: [["flush"], ["scheduleBatch", DUE]],
		},
		calls("reschedule", "reschedule", 50),
		calls("cancel", "cancel", 50),
		calls("list a page of 100", "list", 10),
		calls("watch, every five minutes", "watch", 50),
		{ name: "wake a sleeping object", action: "wake", count: 1 },
	],
};

/** Events in all shards together. */
const SPREAD = 1_600;

export const SHARDS: Growing = {
	title: "Shards, for the same 1 600 events",
	unit: "shards",
	grow: async ({ perform }, _, to) => {
		await perform("useShards", to);
		// Creates the tables, which costs rows once.
		await perform("scheduleBatch", SPREAD);
		await perform("flush");
	},
	measurements: () => [
		calls("schedule 1 000 in a batch", "scheduleBatch", SPREAD),
		{
			name: "flush all due events",
			action: "flush",
			count: SPREAD,
			before: [["flush"], ["scheduleBatch", SPREAD]],
		},
		calls("list a page of 100", "list", 10),
		calls("watch, every five minutes", "watch", 10),
	],
};

export const HANDLERS: Growing = {
	title: "Handlers, as many here and in another Worker",
	unit: "handlers",
	grow: async ({ perform }, from, to) => {
		await perform("addHandlers", { from, count: to - from });
	},
	measurements: (size) => [
		calls("an event for one handler", "publish", 500),
		calls("an event with a new name", "publishNewNames", 500),
		calls("an event for one handler elsewhere", "publishElsewhere", 500),
		{
			...calls("an event for all, each handler", "publishToAll", 10),
			count: 10 * size,
		},
		{
			...calls(
				"an event for all elsewhere, each handler",
				"publishToAllElsewhere",
				10,
			),
			count: 10 * size,
		},
	],
};

export const SUBSCRIPTIONS: Growing = {
	title: "Subscriptions of one event",
	unit: "subscriptions",
	grow: ({ perform }, from, to) =>
		inCalls(from, to, 2_000, (from, count) =>
			perform("addSubscriptions", { from, count }),
		),
	measurements: (size) => [
		{
			...calls("subscribe one more", "subscribe", 50),
			before: [["unsubscribe", 50]],
		},
		{
			...calls("unsubscribe", "unsubscribe", 50),
			before: [["subscribe", 50]],
		},
		calls("send to one", "sendToOne", 10),
		calls("send to one by two fields", "sendToOneByTwoFields", 10),
		{
			...calls("send to 100, each delivery", "sendToFloor", 1),
			count: Math.min(size, 100),
		},
		calls("mail for the event", "mail", 10),
	],
};
