/** What is measured, scenario by scenario: how it is done on one side, and what the ratio to the bare platform has to be. */
import { quantile, rate } from "./figures.ts";
import type { Driven } from "./runtime.ts";
import type { Answer, Manner } from "./workers/acts.ts";

export interface Figure {
	name: string;
	/** Of `ms` less is better. */
	unit: "events/s" | "ms";
	/** What the ratio has to be at least, or, of `ms`, at the most. */
	asked?: number;
}

/** One run on one side. */
export interface Taken {
	/** One for each figure. */
	values: number[];
	/** Attempts of handlers. */
	handled: number;
}

export interface Scenario {
	figures: readonly Figure[];
	/** How often it is run at the most; default as often as the command says. */
	rounds?: number;
	/** So many rounds for each that the command says, spread over several runtimes; default 1, in one. */
	repeats?: number;
	/** Events in the warm-up; default a fifth of those of a round. */
	warmUpEvents?: number;
	/** What has to be there before the first run. */
	before?(side: Driven, size: Size): Promise<unknown>;
	run(side: Driven, size: Size): Promise<Taken>;
}

/** How many of the events or subscriptions that a scenario names are used. */
export type Size = (events: number) => number;

const perSecond = (events: number, { ms, handled }: Answer): Taken => ({
	values: [rate(events, ms)],
	handled,
});

/**
 * How a ratio is measured that is near to what is asked: in many rounds, for a machine that shares its cores is at
 * times half as fast for a tenth of a second, and warmed up until V8 has optimized what is run (measured: after some
 * 40 000 events).
 */
const NEAR = { repeats: 32, warmUpEvents: 40_000 };

function publishing(
	name: string,
	events: number,
	publish: (side: Driven, events: number) => Promise<Answer>,
	asked?: number,
): Scenario {
	return {
		figures: [
			{ name, unit: "events/s", ...(asked !== undefined && { asked }) },
		],
		...(asked !== undefined && NEAR),
		async run(side, size) {
			const count = size(events);
			await side.act("shut", {});
			const { ms } = await publish(side, count);
			const { handled } = await side.act("handled", { events: count });
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
	"": (side, events, manner) => side.act("publish", { events, manner }),
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
			way === "" && manner === "in batches" ? 0.9 : undefined,
		),
	),
);

function endToEnd(
	handlers: 1 | 3 | 10,
	bytes: number,
	events: number,
	asked?: number,
): Scenario {
	const name = `end to end, ${handlers} handler${handlers > 1 ? "s" : ""}, ${bytes / 1_000} KB`;
	return {
		figures: [
			{ name, unit: "events/s", ...(asked !== undefined && { asked }) },
		],
		...(asked !== undefined && NEAR),
		async run(side, size) {
			const count = size(events);
			const of = { events: count, handlers, bytes };
			return perSecond(count, await side.act("endToEnd", of));
		},
	};
}

/** The middle and the 99th percentile of what events waited. */
const waited = ({ waits = [], handled }: Answer): Taken => ({
	values: [quantile(waits, 0.5), quantile(waits, 0.99)],
	handled,
});

/** Rounds of what takes long. */
const FEW = 3;

/** Time to schedule so many before the first is due, in milliseconds. */
const leadOf = (events: number) => 1_000 + events * 0.4;

export const scenarios: readonly Scenario[] = [
	...publishings,
	endToEnd(1, 1_000, 2_000, 0.9),
	endToEnd(3, 1_000, 4_000),
	endToEnd(10, 1_000, 3_000),
	endToEnd(1, 100_000, 200),
	endToEnd(3, 100_000, 200),
	endToEnd(10, 100_000, 200),
	{
		figures: [
			{
				name: "latency at 100 events a second, middle",
				unit: "ms",
				asked: 1.2,
			},
			{ name: "latency at 100 events a second, 99 %", unit: "ms", asked: 1.2 },
		],
		repeats: 4,
		async run(side, size) {
			const of = { events: size(300), everyMs: 10 };
			return waited(await side.act("latency", of));
		},
	},
	scheduling("schedule 10 000, one call each", "together", 5),
	scheduling("schedule 10 000, in batches", "in batches"),
	{
		figures: [
			{ name: "lateness, 10 000 over ten seconds, middle", unit: "ms" },
			{ name: "lateness, 10 000 over ten seconds, 99 %", unit: "ms" },
		],
		rounds: 2,
		async run(side, size) {
			const events = size(10_000);
			const of = { events, leadMs: leadOf(events), overMs: events };
			return waited(await side.act("due", of));
		},
	},
	{
		figures: [{ name: "cancel, together", unit: "events/s" }],
		async run(side, size) {
			const events = size(1_000);
			return perSecond(events, await side.act("cancel", { events }));
		},
	},
	{
		figures: [{ name: "10 000 due at one instant", unit: "events/s" }],
		rounds: FEW,
		async run(side, size) {
			const events = size(10_000);
			const of = { events, leadMs: leadOf(events), overMs: 0 };
			return perSecond(events, await side.act("due", of));
		},
	},
	{
		figures: [{ name: "one in ten retried after a second", unit: "events/s" }],
		rounds: FEW,
		async run(side, size) {
			const events = size(2_000);
			return perSecond(events, await side.act("retries", { events }));
		},
	},
	...[10, 1_000, 100_000].map(matching),
];

function scheduling(name: string, manner: Manner, asked?: number): Scenario {
	return {
		figures: [
			{ name, unit: "events/s", ...(asked !== undefined && { asked }) },
		],
		rounds: FEW,
		async run(side, size) {
			const events = size(10_000);
			return perSecond(events, await side.act("schedule", { events, manner }));
		},
	};
}

function matching(of: number): Scenario {
	const name = `send to 1 of ${of.toLocaleString("en").replaceAll(",", " ")} subscriptions`;
	return {
		figures: [{ name, unit: "events/s" }],
		before: (side, size) => side.act("fill", { of, subscriptions: size(of) }),
		async run(side, size) {
			const events = size(300);
			const subscriptions = size(of);
			const act = { of, subscriptions, events };
			return perSecond(events, await side.act("match", act));
		},
	};
}
