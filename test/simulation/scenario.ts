/** A scenario drawn from a seed, as data: handlers, acts with their times, and faults. */
import type { RetryOptions } from "tidings";
import type { Config } from "../../src/config/config.ts";
import { Fate } from "../../src/testing/platform/fate.ts";
import type { Rates } from "../../src/testing/platform/strike.ts";
import { drawMoves, drawPublishes, drawStorms, drawTroubles } from "./acts.ts";
import { type AppScenario, drawApps, planApps } from "./apps/app-acts.ts";
import { Dice } from "./dice.ts";
import { FAULTS, ratesOf } from "./faults.ts";
import { drawJobs } from "./jobs/job-acts.ts";
import { drawJournal } from "./journal/journal-acts.ts";
import { drawKeys } from "./keys/key-acts.ts";
import type { Lane } from "./queues.ts";
import { drawVersion } from "./versions.ts";

export interface HandlerSpec {
	/** Begins with `post/` for a handler of the Worker `post`. */
	id: string;
	on: string;
	retries: RetryOptions;
}

/** One deploy. `isStrict`: its schema rejects bodies that an older deploy accepted. */
export interface Version {
	handlers: readonly HandlerSpec[];
	isStrict: boolean;
	/** New events are stored in this many shards. */
	shards: number;
	/** As many shards are listed and watched. */
	allShards: number;
	/** Whether the configuration names the Worker `post`. */
	hasPost: boolean;
	/** Queues that are consumed and receive no new messages. */
	draining: readonly string[];
}

export interface Publish {
	n: number;
	name: string;
	lane?: Lane;
	/** Milliseconds. */
	after?: number;
	/** Additional bytes of the body. */
	padding: number;
	/** The idempotency key. */
	key?: string;
}

export type Deed =
	| { do: "publish"; events: readonly Publish[] }
	| { do: "cancel"; n: number }
	| { do: "reschedule"; n: number; after: number }
	| { do: "replay"; n: number; isEdited: boolean }
	| { do: "replay all" }
	| { do: "job"; action: "replay" | "discard" | "cancel"; q: string }
	| { do: "discard"; n: number }
	| { do: "deploy"; version: Version }
	| { do: "set clocks"; offset: number }
	/** `of`: names of queues, objects and classes, separated by commas. */
	/** The stored body of a large event is lost. */
	| { do: "lose body"; n: number }
	| { do: "outage"; of: string; lasting: number }
	| { do: "evict"; object: string; busy: boolean }
	/** The database of an object seems to have 9 GB. */
	| { do: "fill"; object: string; lasting: number }
	/** An operator looks up an event in the journal. */
	| { do: "look up"; n: number }
	| { do: "kill workers" }
	| { do: "garbage"; queue: string; text: string }
	/** The operator subscribes an app to the event with this full name. */
	| { do: "subscribe"; name: string; app: string }
	| { do: "unsubscribe"; name: string; app: string }
	/** A sender calls the webhook of an event. */
	| { do: "hook"; name: string; delivery: string };

/** An act at a time in milliseconds from the start. */
export type Act = { at: number } & Deed;

export interface Scenario {
	seed: number;
	faults: readonly string[];
	rates: Rates;
	skewed: number;
	version: Version;
	acts: readonly Act[];
	/** When faults occur, in order. */
	storms: readonly Storm[];
	/** Retention of the queues, in milliseconds. */
	retention: number;
	events: number;
	journal: NonNullable<Config["journal"]>;
	/** Absent without apps. */
	apps?: AppScenario;
}

/** In milliseconds from the start. */
export interface Storm {
	from: number;
	to: number;
}

const MINUTE = 60_000;

/** @param chosen the faults to draw from */
export function draw(
	seed: number,
	chosen: readonly string[] = FAULTS,
): Scenario {
	const fate = new Fate(seed, {});
	const dice = new Dice(fate);
	// Some seeds have one fault, some most of them, because one fault can hide the effect of another.
	const density = dice.pick([0, 0.15, 0.3, 0.5, 0.8]);
	const faults = new Set(
		chosen.filter((name) => fate.draw(`fault ${name}`) < density),
	);
	// If one fault is chosen, every run has it.
	if (chosen.length === 1) for (const name of chosen) faults.add(name);
	const span = dice.pick([MINUTE, 60 * MINUTE, 240 * MINUTE]);
	const version = drawVersion(dice);
	const acts: Act[] = [];
	const events = drawPublishes(dice, faults, span, acts);
	drawMoves(dice, faults.has("race"), span, acts);
	drawTroubles(dice, faults, span, version, acts);
	const appDice = drawApps(fate, version.hasPost, faults, span, acts);
	const keyed = drawKeys(fate, faults, span, acts);
	drawJobs(fate, faults, span, acts);
	const journal = drawJournal(fate, faults, span, events, acts);
	acts.sort((a, b) => a.at - b.at);
	countShards(acts, version.shards);
	const rates = ratesOf(faults, dice.pick([0.3, 1, 3]));
	const storms = drawStorms(dice, span, acts);
	return {
		seed,
		faults: [...faults],
		rates,
		skewed: faults.has("clock") ? 0.3 : 0,
		version,
		acts,
		storms,
		retention: dice.pick([1, 4, 14]) * 1_440 * MINUTE,
		events: events + keyed,
		journal,
		...(appDice && { apps: planApps(appDice, storms, acts) }),
	};
}

/** Each deploy has as many shards as the deploy before, one more or one less. */
function countShards(acts: readonly Act[], from: number): void {
	let shards = from;
	let allShards = from;
	for (const act of acts)
		if (act.do === "deploy") {
			shards = Math.max(1, shards + act.version.shards);
			allShards = Math.max(shards, allShards);
			act.version = { ...act.version, shards, allShards };
		}
}
