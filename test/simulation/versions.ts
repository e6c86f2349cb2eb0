/** Draws the deploys of a history: handlers, their policies and behaviour, and how deploys change them. */
import type { RetryOptions } from "tidings";
import { Fate } from "../../src/testing/platform/fate.ts";
import { Dice } from "./dice.ts";
import { GROUPS } from "./queues.ts";
import type { HandlerSpec, Scenario, Version } from "./scenario.ts";

/** The behaviour of a handler for an event. */
export type Behaviour =
	| { type: "succeed"; takes: number }
	| {
			type: "fail";
			times: number;
			how: "throw" | "hang" | "late" | "retry after";
	  }
	| { type: "refuse" }
	| { type: "kill"; times: number };

/** Wait of a `RetryAfterError`, in milliseconds. */
export const RETRY_AFTER = 90_000;

/** Shards of the first deploy. */
export const SHARDS = 2;

/** Begins the ids of the handlers of the Worker `post`. */
export const POST = "post/";

/** Suffix of a renamed handler, which behaves as before. */
const RENAMED = "-renamed";

const POLICIES: readonly RetryOptions[] = [
	{},
	{ limit: 0 },
	{ limit: 1, backoff: "constant", base: "1 second" },
	{ limit: 2, backoff: "constant", base: "20 minutes" },
	{ limit: 3, base: "2 seconds" },
	{ limit: 4, backoff: "linear", base: "30 seconds" },
	{ limit: 2, backoff: ["10 minutes", "20 hours"] },
	{ limit: 3, backoff: "constant", base: "13 hours" },
	{ limit: 3, maxAge: "1 hour", base: "10 minutes" },
];

/** Policies with more attempts than one message can have. */
const MANY: readonly RetryOptions[] = [
	{ limit: 95, backoff: "constant", base: "1 second" },
	{ backoff: "constant", base: "6 minutes", maxAge: "4 hours" },
];

export function drawVersion(dice: Dice): Version {
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
	const posts = [
		spec(`${POST}letter`, "order.*"),
		spec(`${POST}digest`, "**"),
		spec(`${POST}hello`, "user.joined"),
	];
	const hasPost = dice.chance(0.5);
	return {
		handlers: [
			...all.slice(dice.between(0, 3)),
			...(hasPost ? posts.slice(dice.between(0, 3)) : []),
		],
		hasPost,
		isStrict: false,
		shards: SHARDS,
		allShards: SHARDS,
		draining: dice.chance(0.1) ? dice.pick(GROUPS) : [],
	};
}

/** Returns the behaviour of a handler for an event. It depends on the seed alone. */
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
		faults.includes("stuck") && drawn < 0.7
			? dice.pick(["hang", "late"] as const)
			: dice.pick(hows);
	return { type: "fail", times: dice.pick([1, 1, 2, 3, Infinity]), how };
}

/**
 * Returns a changed version: a handler removed, renamed or moved, and perhaps a stricter schema. `shards` is the change of
 * their number.
 */
export function changed(dice: Dice, { handlers, hasPost }: Version): Version {
	const at = dice.between(0, handlers.length);
	const one = handlers[at] as HandlerSpec;
	const others = handlers.filter((spec) => spec !== one);
	const changes = [
		others,
		[...others, { ...one, id: `${one.id}${RENAMED}` }],
		[...others, one],
		handlers,
	];
	return {
		handlers: dice.pick(changes),
		hasPost,
		isStrict: dice.chance(0.2),
		shards: dice.between(-1, 2),
		allShards: 0,
		draining: dice.chance(0.5) ? dice.pick(GROUPS) : [],
	};
}
