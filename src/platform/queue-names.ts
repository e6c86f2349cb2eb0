/**
 * What the var `TIDINGS_QUEUES` says: each queue with its role, its lane, and the binding that sends to it. Each
 * error names the path of the value that is wrong. It asks nobody whether the bindings are there.
 */
import { objectOf, rejectUnknownKeys } from "../event/validation.ts";

/** What a queue carries. */
export type QueueRole = "events" | "retries" | "deadLetters";

/** One queue or several as one; the first is bound as `…_QUEUE`, the next as `…_QUEUE_2`. */
type Names = string | readonly string[];

/** The var, as it stands beside the bindings. */
export interface Queues {
	events: Names;
	retries: Names;
	/** One only, for one object stores what it carries. */
	deadLetters: string;
	/** By lane: its queues, bound as `<LANE>_QUEUE`; with retries of its own, as `<LANE>_RETRIES_QUEUE`. */
	lanes?: Readonly<Record<string, Names | { events: Names; retries?: Names }>>;
	/** Queues named above that are worked off and sent to no more. */
	draining?: Names;
}

export interface NamedQueue {
	name: string;
	role: QueueRole;
	/** Absent for the default lane. */
	lane?: string;
	binding: string;
	/** Where it is named: `events`, `events 2`, `bulk`, `bulk retries`. */
	label: string;
	/** Worked off, and sent to no more. */
	isDraining: boolean;
}

const MEMBERS = ["events", "retries", "deadLetters", "lanes", "draining"];

/** @throws TypeError for what does not name queues, or one twice */
export function queuesOf(given: unknown): NamedQueue[] {
	const { events, retries, deadLetters, lanes, draining } = (given ??
		{}) as Partial<Queues>;
	if (!events || !retries || !deadLetters)
		throw new TypeError(
			'tidings: the var TIDINGS_QUEUES is missing or not whole: set it beside the bindings, TIDINGS_QUEUES = { events = "…", retries = "…", deadLetters = "…" }',
		);
	try {
		rejectUnknownKeys("the var", given as object, MEMBERS);
		if (typeof deadLetters !== "string")
			throw new TypeError(
				`deadLetters ${JSON.stringify(deadLetters)}: name one queue, for one object stores what it carries`,
			);
		const queues = [
			...queuesIn("events", events, "events"),
			...queuesIn("retries", retries, "retries"),
			...queuesIn("deadLetters", deadLetters, "deadLetters", "DEAD_LETTERS"),
			...Object.entries(objectOf(lanes ?? {}, "lanes by name")).flatMap(
				([lane, its]) => queuesOfLane(lane, its),
			),
		];
		checkOnce("queue", queues, "name");
		checkOnce("binding", queues, "binding");
		return drained(queues, draining === undefined ? [] : listOf(draining));
	} catch (error) {
		throw new TypeError(`tidings: TIDINGS_QUEUES: ${(error as Error).message}`);
	}
}

function queuesOfLane(
	lane: string,
	its: NonNullable<Queues["lanes"]>[string],
): NamedQueue[] {
	if (!/^[A-Za-z][A-Za-z0-9_-]{0,63}$/.test(lane) || RESERVED.test(lane))
		throw new TypeError(
			`lanes: the name ${JSON.stringify(lane)} is not a letter and up to 63 of A-Z a-z 0-9 _ -, or one of events, retries, deadLetters`,
		);
	const bound = lane.replaceAll("-", "_").toUpperCase();
	const path = `lanes.${lane}`;
	if (typeof its === "string" || Array.isArray(its))
		return queuesIn(path, its as Names, "events", bound, lane);
	const own = objectOf(
		its,
		`a queue, a list of queues, or { events } in ${path}`,
	);
	rejectUnknownKeys(path, own, ["events", "retries"]);
	const { events, retries } = own as { events: Names; retries?: Names };
	return [
		...queuesIn(`${path}.events`, events, "events", bound, lane),
		...(retries === undefined
			? []
			: queuesIn(
					`${path}.retries`,
					retries,
					"retries",
					`${bound}_RETRIES`,
					lane,
				)),
	];
}

const RESERVED = /^(events|retries|dead[-_]?letters)$/i;

function queuesIn(
	path: string,
	names: Names,
	role: QueueRole,
	bound: string = role.toUpperCase(),
	lane?: string,
): NamedQueue[] {
	const label = lane === undefined ? role : laneLabel(lane, role);
	return listOf(names, path).map((name, index) => ({
		name,
		role,
		...(lane !== undefined && { lane }),
		binding: `${bound}_QUEUE${index === 0 ? "" : `_${index + 1}`}`,
		label: index === 0 ? label : `${label} ${index + 1}`,
		isDraining: false,
	}));
}

function laneLabel(lane: string, role: QueueRole): string {
	return role === "retries" ? `${lane} retries` : lane;
}

function listOf(names: Names, path = "draining"): readonly string[] {
	const list = typeof names === "string" ? [names] : names;
	const isNames =
		Array.isArray(list) &&
		list.every((name) => typeof name === "string" && name !== "");
	if (isNames && (list.length > 0 || path === "draining")) return list;
	throw new TypeError(
		`${path}: ${JSON.stringify(names)} is no queue's name, nor a list of them`,
	);
}

/** Letters are never drained: what the platform gave up would come out of their queue as events. */
function drained(
	queues: readonly NamedQueue[],
	draining: readonly string[],
): NamedQueue[] {
	for (const name of draining) {
		const queue = queues.find((one) => one.name === name);
		if (!queue || queue.role === "deadLetters")
			throw new TypeError(
				`draining: ${JSON.stringify(name)} is ${queue ? "the queue of dead letters, which cannot be drained" : "not named: leave a queue where it is named until it is empty"}`,
			);
	}
	const all = queues.map((queue) => ({
		...queue,
		isDraining: draining.includes(queue.name),
	}));
	for (const role of ["events", "retries"] as const)
		if (sentTo(all, role).length === 0)
			throw new TypeError(
				`draining: all of ${role} are drained: name one more that is sent to`,
			);
	return all;
}

/** The queues of a role that are sent to; without a lane those of the default one. */
export function sentTo(
	queues: readonly NamedQueue[],
	role: QueueRole,
	lane?: string,
): NamedQueue[] {
	return queues.filter(
		(queue) => queue.role === role && queue.lane === lane && !queue.isDraining,
	);
}

function checkOnce(
	what: string,
	queues: readonly NamedQueue[],
	member: "name" | "binding",
): void {
	const seen = new Map<string, string>();
	for (const queue of queues) {
		const value = queue[member];
		const other = seen.get(value);
		if (other !== undefined)
			throw new TypeError(
				`${other} and ${queue.label} have one ${what}, ${value}: give each its own`,
			);
		seen.set(value, queue.label);
	}
}
