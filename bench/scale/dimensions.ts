/** In what the Worker grows, and what is looked at for each size. */
import type { Act } from "./acts.ts";
import type { Running } from "./runtime.ts";

export interface Look {
	what: string;
	act: Act;
	input?: unknown;
	/** How many events, calls or deliveries it is; its time and counts are divided by them. */
	count: number;
	/** What it needs anew for each round, and is not counted. */
	before?: readonly [act: Act, input?: unknown][];
}

export interface Dimension {
	title: string;
	unit: string;
	sizes: readonly number[];
	/** From one size to a larger one. */
	grow(running: Running, from: number, to: number): Promise<void>;
	looks(size: number): Look[];
}

/** In calls of at most so many. */
async function inCalls(
	from: number,
	to: number,
	most: number,
	call: (from: number, count: number) => Promise<unknown>,
): Promise<void> {
	for (let at = from; at < to; at += most)
		await call(at, Math.min(most, to - at));
}

function calls(what: Act, count: number): Look {
	return { what, act: what, input: count, count };
}

const DUE = 1_000;

export const ROWS: Omit<Dimension, "sizes"> = {
	title: "Scheduled events in one shard",
	unit: "waiting",
	grow: ({ perform }, from, to) =>
		inCalls(from, to, 5_000, (_, count) => perform("fill", count)),
	looks: () => [
		calls("schedule one", 100),
		{ ...calls("schedule", DUE), what: "schedule 1 000 at once" },
		{
			what: "hand over 1 000 that are due",
			act: "hand over",
			count: DUE,
			before: [["hand over"], ["schedule", DUE]],
		},
		calls("reschedule", 50),
		calls("cancel", 50),
		{ ...calls("list", 10), what: "list a page of 100" },
		{ ...calls("watch", 50), what: "watch, every five minutes" },
		{ what: "wake a sleeping object", act: "wake", count: 1 },
	],
};

const SPREAD = 1_600;

export const SHARDS: Omit<Dimension, "sizes"> = {
	title: "Shards, for the same 1 600 events",
	unit: "shards",
	grow: async ({ perform }, _, to) => {
		await perform("spread", to);
		// Their tables are made once.
		await perform("schedule", SPREAD);
		await perform("hand over");
	},
	looks: () => [
		{ ...calls("schedule", SPREAD), what: "schedule 1 000 at once" },
		{
			what: "hand over what is due",
			act: "hand over",
			count: SPREAD,
			before: [["hand over"], ["schedule", SPREAD]],
		},
		{ ...calls("list", 10), what: "list a page of 100" },
		{ ...calls("watch", 10), what: "watch, every five minutes" },
	],
};

export const HANDLERS: Omit<Dimension, "sizes"> = {
	title: "Handlers, as many here and in another Worker",
	unit: "handlers",
	grow: async ({ perform }, from, to) => {
		await perform("handle", { from, count: to - from });
	},
	looks: (size) => [
		{ ...calls("publish", 500), what: "an event of one of them" },
		{ ...calls("publish new names", 500), what: "an event of a new name" },
		{ ...calls("publish elsewhere", 500), what: "an event of one, elsewhere" },
		{
			what: "an event of all of them, each handler",
			act: "publish to all",
			input: 10,
			count: 10 * size,
		},
		{
			what: "an event of all, elsewhere, each handler",
			act: "publish to all elsewhere",
			input: 10,
			count: 10 * size,
		},
	],
};

export const SUBSCRIPTIONS: Omit<Dimension, "sizes"> = {
	title: "Subscriptions of one event",
	unit: "subscriptions",
	grow: ({ perform }, from, to) =>
		inCalls(from, to, 2_000, (from, count) =>
			perform("subscribeMany", { from, count }),
		),
	looks: (size) => [
		{
			...calls("subscribe", 50),
			what: "subscribe one more",
			before: [["unsubscribe", 50]],
		},
		{
			...calls("unsubscribe", 50),
			before: [["subscribe", 50]],
		},
		calls("send to one", 10),
		calls("send to one by two fields", 10),
		{
			what: "send to 100, each delivery",
			act: "send to a floor",
			input: 1,
			count: Math.min(size, 100),
		},
		{ ...calls("mail", 10), what: "mail for the event" },
	],
};
