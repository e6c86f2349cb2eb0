/** The scenarios of the speed bench: how one side runs each, and the target of its ratio to the bare platform. */
import { quantile, rate } from "./figures.ts";
import type { Driven } from "./runtime.ts";
import type { Answer, Manner } from "./workers/actions.ts";

export interface Figure {
	name: string;
	/** Less is better for `ms`. */
	unit: "events/s" | "ms";
	/** The lowest accepted ratio; for `ms` the highest. */
	target?: number;
}

/** The result of one run on one side. */
export interface Result {
	/** One for each figure. */
	values: number[];
	/** Attempts of handlers. */
	handled: number;
}

export interface Scenario {
	figures: readonly Figure[];
	/** Most rounds. Default: as many as the command says. */
	rounds?: number;
	/** Multiplies the rounds that the command says, in several runtimes. Default 1, in one runtime. */
	repeats?: number;
	/** Events of the warm-up. Default: a fifth of a round. */
	warmUpEvents?: number;
	/** Preparation before the first run. */
	before?(side: Driven, size: Size): Promise<unknown>;
	run(side: Driven, size: Size): Promise<Result>;
}

/** Scales a number of events or subscriptions. */
export type Size = (events: number) => number;

const perSecond = (events: number, { ms, handled }: Answer): Result => ({
	values: [rate(events, ms)],
	handled,
});

/**
 * For scenarios with a target. Many rounds, because a shared machine is sometimes half as fast for a tenth of a
 * second. A long warm-up, because V8 needs about 40 000 events to optimize the code (measured).
 */
const PRECISE = { repeats: 32, warmUpEvents: 40_000 };

function publishing(
	name: string,
	events: number,
	publish: (side: Driven, events: number) => Promise<Answer>,
	target?: number,
): Scenario {
	return {
		figures: [
			{ name, unit: "events/s", ...(target !== undefined && { target }) },
		],
		...(target !== undefined && PRECISE),
		async run(side, size) {
			const count = size(events);
			await side.perform("pause", {});
			const { ms } = await publish(side, count);
			const { handled } = await side.perform("handled", { events: count });
			return perSecond(count, { ms, handled });
		},
	};
}

const MANNERS: readonly Manner[] = ["one by one", "together", "in batches"];

const COUNTS: Record<Manner, number> = {
	"one by one": 500,
	together: 1_000,
	"in batches": 5_000,
};

const ways: Record<
	string,
	(side: Driven, events: number, manner: Manner) => Promise<Answer>
> = {
	"": (side, events, manner) => side.perform("publish", { events, manner }),
	" through the binding": (side, events, manner) =>
		side.byBinding(events, manner),
	" over HTTP": (side, events, manner) => side.overHttp(events, manner),
};

const publishings = Object.entries(ways).flatMap(([way, publish]) =>
	MANNERS.map((manner) =>
		publishing(
			`publish${way}, ${manner}`,
			COUNTS[manner],
			(side, events) => publish(side, events, manner),
			way === "" && manner === "in batches" ? 0.8 : undefined,
		),
	),
);

function endToEnd(
	handlers: 1 | 3 | 10,
	bytes: number,
	events: number,
	target?: number,
): Scenario {
	const name = `end to end, ${handlers} handler${handlers > 1 ? "s" : ""}, ${bytes / 1_000} KB`;
	return {
		figures: [
			{ name, unit: "events/s", ...(target !== undefined && { target }) },
		],
		...(target !== undefined && PRECISE),
		async run(side, size) {
			const count = size(events);
			const of = { events: count, handlers, bytes };
			return perSecond(count, await side.perform("endToEnd", of));
		},
	};
}

/** The median and the 99th percentile of the waits. */
const waited = ({ waits = [], handled }: Answer): Result => ({
	values: [quantile(waits, 0.5), quantile(waits, 0.99)],
	handled,
});

/** Rounds of long scenarios. */
const FEW = 3;

/** Time to schedule this many events before the first is due, in milliseconds. */
const leadOf = (events: number) => 1_000 + events * 0.4;

export const scenarios: readonly Scenario[] = [
	...publishings,
	endToEnd(1, 1_000, 2_000, 0.8),
	endToEnd(3, 1_000, 4_000),
	endToEnd(10, 1_000, 3_000),
	endToEnd(1, 100_000, 200),
	endToEnd(3, 100_000, 200),
	endToEnd(10, 100_000, 200),
	{
		figures: [
			{
				name: "latency at 100 events a second, median",
				unit: "ms",
				target: 1.2,
			},
			{ name: "latency at 100 events a second, 99 %", unit: "ms", target: 1.2 },
		],
		repeats: 4,
		async run(side, size) {
			const of = { events: size(300), everyMs: 10 };
			return waited(await side.perform("latency", of));
		},
	},
	scheduling("schedule 10 000, one call each", "together", 5),
	scheduling("schedule 10 000, in batches", "in batches"),
	{
		figures: [
			{ name: "lateness, 10 000 over ten seconds, median", unit: "ms" },
			{ name: "lateness, 10 000 over ten seconds, 99 %", unit: "ms" },
		],
		rounds: 2,
		async run(side, size) {
			const events = size(10_000);
			const of = { events, leadMs: leadOf(events), overMs: events };
			return waited(await side.perform("due", of));
		},
	},
	{
		figures: [{ name: "cancel, together", unit: "events/s" }],
		async run(side, size) {
			const events = size(1_000);
			return perSecond(events, await side.perform("cancel", { events }));
		},
	},
	{
		figures: [{ name: "10 000 due at one instant", unit: "events/s" }],
		rounds: FEW,
		async run(side, size) {
			const events = size(10_000);
			const of = { events, leadMs: leadOf(events), overMs: 0 };
			return perSecond(events, await side.perform("due", of));
		},
	},
	{
		figures: [{ name: "one in ten retried after a second", unit: "events/s" }],
		rounds: FEW,
		async run(side, size) {
			const events = size(2_000);
			return perSecond(events, await side.perform("retries", { events }));
		},
	},
	...[10, 1_000, 100_000].map(matching),
];

function scheduling(name: string, manner: Manner, target?: number): Scenario {
	return {
		figures: [
			{ name, unit: "events/s", ...(target !== undefined && { target }) },
		],
		rounds: FEW,
		async run(side, size) {
			const events = size(10_000);
			return perSecond(
				events,
				await side.perform("schedule", { events, manner }),
			);
		},
	};
}

function matching(of: number): Scenario {
	const name = `send to 1 of ${of.toLocaleString("en").replaceAll(",", " ")} subscriptions`;
	return {
		figures: [{ name, unit: "events/s" }],
		before: (side, size) =>
			side.perform("fill", { of, subscriptions: size(of) }),
		async run(side, size) {
			const events = size(300);
			const subscriptions = size(of);
			const input = { of, subscriptions, events };
			return perSecond(events, await side.perform("match", input));
		},
	};
}
