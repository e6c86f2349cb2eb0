/**
 * A history drawn from a seed: which handlers there are, what is published, cancelled, moved and replayed
 * when, what each handler does with each event, and which faults are about. It is data; nothing happens here.
 */
import type { RetryOptions } from "tidings";
import { FAULTS, ratesOf } from "./faults.ts";
import { Fate, type Rates } from "./platform/fate.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export interface HandlerSpec {
	id: string;
	on: string;
	retries: RetryOptions;
}

/** One deploy: its handlers in order, and whether its schema refuses what an older one took. */
export interface Version {
	handlers: readonly HandlerSpec[];
	isStrict: boolean;
}

export interface Publish {
	n: number;
	name: string;
	/** Milliseconds. */
	after?: number;
	/** Bytes beside the least that a body has. */
	padding: number;
}

export type Deed =
	| { do: "publish"; events: readonly Publish[] }
	| { do: "cancel"; n: number }
	| { do: "reschedule"; n: number; after: number }
	| { do: "replay"; n: number }
	| { do: "replay all" }
	| { do: "discard"; n: number }
	| { do: "deploy"; version: Version }
	| { do: "set clocks"; offset: number }
	| { do: "outage"; of: string; lasting: number }
	| { do: "evict"; object: string; busy: boolean }
	| { do: "garbage"; queue: string; text: string };

/** Something that happens at a time, in milliseconds from the start. */
export type Act = { at: number } & Deed;

/** What a handler does with an event. */
export type Behaviour =
	| { type: "succeed"; takes: number }
	| { type: "fail"; times: number; how: "throw" | "hang" | "retry after" }
	| { type: "refuse" }
	| { type: "kill"; times: number };

export interface Scenario {
	seed: number;
	faults: readonly string[];
	rates: Rates;
	skewed: number;
	version: Version;
	acts: readonly Act[];
	/** When faults end, in milliseconds from the start. */
	stormEnds: number;
	events: number;
}

export const SHARDS = 2;
export const QUEUES = ["events", "retries", "dead-letters"] as const;

/** What a handler's id gets when it is renamed; it does the same as before. */
const RENAMED = "-renamed";

const NAMES = ["order.placed", "order.paid", "user.joined", "note.added"];

const POLICIES: readonly RetryOptions[] = [
	{},
	{ limit: 0 },
	{ limit: 1, backoff: "constant", base: "1 second" },
	{ limit: 2, backoff: "constant", base: "20 minutes" },
	{ limit: 3, base: "2 seconds" },
	{ limit: 4, backoff: "linear", base: "30 seconds" },
	{ limit: 2, backoff: ["10 minutes", "20 hours"] },
	{ limit: 3, maxAge: "1 hour", base: "10 minutes" },
];

/** More attempts than one message may have. */
const MANY: readonly RetryOptions[] = [
	{ limit: 95, backoff: "constant", base: "1 second" },
	{ backoff: "constant", base: "6 minutes", maxAge: "12 hours" },
];

/** @param chosen the faults to draw from; each seed takes some of them */
export function draw(
	seed: number,
	chosen: readonly string[] = FAULTS,
): Scenario {
	const fate = new Fate(seed, {});
	const dice = new Dice(fate);
	// Some seeds have one fault alone, some most of them: what hides behind one fault shows under another.
	const density = dice.pick([0, 0.15, 0.3, 0.5, 0.8]);
	const faults = new Set(
		chosen.filter((name) => fate.draw(`fault ${name}`) < density),
	);
	// A run with one fault is a run of that fault.
	if (chosen.length === 1) for (const name of chosen) faults.add(name);
	const span = dice.pick([MINUTE, HOUR, 4 * HOUR]);
	const version = drawVersion(dice);
	const acts: Act[] = [];
	const events = drawPublishes(dice, span, acts);
	drawMoves(dice, faults.has("race"), span, acts);
	drawTroubles(dice, faults, span, version, acts);
	acts.sort((a, b) => a.at - b.at);
	return {
		seed,
		faults: [...faults],
		rates: ratesOf(faults, dice.pick([0.3, 1, 3])),
		skewed: faults.has("clock") ? 0.3 : 0,
		version,
		acts,
		stormEnds: span + dice.between(0, 2 * HOUR),
		events,
	};
}

/** What a handler does with an event, the same for the same seed whatever else happens. */
export function behaviourOf(
	{ seed, faults }: Scenario,
	n: number,
	handler: string,
): Behaviour {
	const dice = new Dice(
		new Fate(seed, {}),
		`${n} ${handler.replace(RENAMED, "")}`,
	);
	const drawn = dice.next();
	if (faults.includes("poison") && drawn < 0.04)
		return { type: "kill", times: dice.pick([1, 2, Infinity]) };
	if (drawn < 0.6)
		return { type: "succeed", takes: dice.pick([0, 0, 0, 5, 4_000]) };
	if (drawn > 0.97) return { type: "refuse" };
	const hows = ["throw", "throw", "throw", "retry after"] as const;
	const how =
		faults.includes("stuck") && drawn < 0.7 ? "hang" : dice.pick(hows);
	return { type: "fail", times: dice.pick([1, 1, 2, 3, Infinity]), how };
}

class Dice {
	readonly #fate: Fate;
	readonly #name: string;

	constructor(fate: Fate, name = "scenario") {
		this.#fate = fate;
		this.#name = name;
	}

	next(): number {
		return this.#fate.next(this.#name);
	}

	between(from: number, to: number): number {
		return Math.floor(from + this.next() * (to - from));
	}

	pick<Item>(items: readonly Item[]): Item {
		return items[this.between(0, items.length)] as Item;
	}

	chance(of: number): boolean {
		return this.next() < of;
	}
}

function drawVersion(dice: Dice): Version {
	const spec = (id: string, on: string) => ({
		id,
		on,
		retries: dice.pick(dice.chance(0.02) ? MANY : POLICIES),
	});
	const all = [
		spec("mail", "order.placed"),
		spec("stock", "order.*"),
		spec("audit", "**"),
		spec("welcome", "user.joined"),
		spec("index", "note.added"),
	];
	return { handlers: all.slice(dice.between(0, 3)), isStrict: false };
}

function drawPublishes(dice: Dice, span: number, acts: Act[]): number {
	const events = dice.pick([5, 30, 120]);
	// Some are due together, as on the hour.
	const together = dice.between(SECOND, span);
	for (let n = 0; n < events; ) {
		const at = dice.between(0, span);
		const one = (): Publish => {
			const after = drawAfter(dice, together - at);
			return {
				n: n++,
				name: dice.pick(NAMES),
				...(after !== undefined && { after }),
				padding: dice.chance(0.007) ? dice.between(111_000, 250_000) : 0,
			};
		};
		const size = dice.chance(0.15) ? dice.between(2, 30) : 1;
		acts.push({
			at,
			do: "publish",
			events: Array.from({ length: size }, one),
		});
	}
	return events;
}

function drawAfter(dice: Dice, untilTogether: number): number | undefined {
	const drawn = dice.next();
	if (drawn < 0.4) return undefined;
	if (drawn < 0.6) return Math.max(1_000, untilTogether);
	if (drawn < 0.8) return dice.between(1, 5 * MINUTE);
	if (drawn < 0.97) return dice.between(SECOND, 3 * HOUR);
	// Before the first letters are too old.
	return dice.between(HOUR, 60 * DAY);
}

function drawMoves(
	dice: Dice,
	isRacing: boolean,
	span: number,
	acts: Act[],
): void {
	for (const act of [...acts]) {
		if (act.do !== "publish") continue;
		for (const { n, after } of act.events) {
			if (after === undefined || !dice.chance(isRacing ? 0.6 : 0.2)) continue;
			const dueAt = act.at + after;
			// Where they race, they come about when the alarm does.
			const at = isRacing
				? Math.max(act.at, dueAt + dice.between(-150, 150))
				: act.at + dice.between(0, after);
			const move: Deed = dice.chance(0.5)
				? { do: "cancel", n }
				: { do: "reschedule", n, after: dice.between(1, 2 * HOUR) };
			acts.push({ at, ...move });
		}
	}
	for (let count = dice.between(0, 6); count > 0; count--) {
		const n = dice.between(0, 20);
		const at = dice.between(0, span + HOUR);
		acts.push({
			at,
			...dice.pick<Deed>([
				{ do: "replay", n },
				{ do: "replay", n },
				{ do: "replay all" },
				{ do: "discard", n },
			]),
		});
	}
}

/** The faults that are part of the history. */
function drawTroubles(
	dice: Dice,
	faults: ReadonlySet<string>,
	span: number,
	version: Version,
	acts: Act[],
): void {
	const some = (fault: string, most: number, trouble: () => Deed) => {
		if (!faults.has(fault)) return;
		for (let count = dice.between(1, most + 1); count > 0; count--)
			acts.push({ at: dice.between(0, span), ...trouble() });
	};
	const shard = () => `Scheduler/shard-${dice.between(0, SHARDS)}`;
	some("storage", 3, () => ({
		do: "outage",
		of: dice.pick([shard(), "Payloads"]),
		lasting: dice.between(SECOND, 15 * MINUTE),
	}));
	some("store", 2, () => ({
		do: "outage",
		of: dice.pick(["DeadLetters", "DeadLetters", "dead-letters"]),
		lasting: dice.between(MINUTE, 20 * HOUR),
	}));
	some("queue", 3, () => ({
		do: "outage",
		of: dice.pick(["events", "retries"]),
		lasting: dice.between(SECOND, 30 * MINUTE),
	}));
	some("clock", 3, () => ({
		do: "set clocks",
		// With what isolates differ by, never more than a minute from the true time.
		offset: dice.between(-MINUTE / 2, MINUTE / 2),
	}));
	some("evict", 10, () => ({
		do: "evict",
		object: dice.pick([shard(), "DeadLetters/dead-letters"]),
		busy: dice.chance(0.5),
	}));
	some("garbage", 4, () => ({
		do: "garbage",
		queue: dice.pick(QUEUES),
		text: dice.pick(["", "not JSON", "[]", '{"v":1}', '{"v":9,"id":"x"}']),
	}));
	some("deploy", 3, () => ({ do: "deploy", version: changed(dice, version) }));
}

/** The version with a handler removed, renamed or moved, and perhaps a schema that refuses more. */
function changed(dice: Dice, { handlers }: Version): Version {
	const at = dice.between(0, handlers.length);
	const one = handlers[at] as HandlerSpec;
	const others = handlers.filter((spec) => spec !== one);
	const changes = [
		others,
		[...others, { ...one, id: `${one.id}${RENAMED}` }],
		[...others, one],
		handlers,
	];
	return { handlers: dice.pick(changes), isStrict: dice.chance(0.2) };
}
