/** The queues of the simulated Worker: two of each role in the default lane, and two lanes. */

export type Role = "events" | "retries" | "dead-letters";

export interface QueueSpec {
	role: Role;
	/** Absent for the default lane. */
	lane?: Lane;
	/** The name of its binding. */
	binding: string;
}

/** `bulk` has retries of its own. Those of `fast` use the default lane. */
export const LANES = ["bulk", "fast"] as const;

export type Lane = (typeof LANES)[number];

export const QUEUES: Readonly<Record<string, QueueSpec>> = {
	events: { role: "events", binding: "EVENTS_QUEUE" },
	"events-2": { role: "events", binding: "EVENTS_QUEUE_2" },
	retries: { role: "retries", binding: "RETRIES_QUEUE" },
	"retries-2": { role: "retries", binding: "RETRIES_QUEUE_2" },
	"dead-letters": { role: "dead-letters", binding: "DEAD_LETTERS_QUEUE" },
	bulk: { role: "events", lane: "bulk", binding: "BULK_QUEUE" },
	"bulk-retries": {
		role: "retries",
		lane: "bulk",
		binding: "BULK_RETRIES_QUEUE",
	},
	fast: { role: "events", lane: "fast", binding: "FAST_QUEUE" },
};

export const QUEUE_NAMES: readonly string[] = Object.keys(QUEUES);

/** Groups of queues that drain, or are down, together. */
export const GROUPS: readonly (readonly string[])[] = [
	["events"],
	["retries"],
	["events-2"],
	["retries-2"],
	["bulk"],
	["bulk-retries"],
	["fast"],
	["bulk", "bulk-retries"],
];

/** Returns the role of a queue by its name, or by the name of a call such as `events.send`. */
export function roleOf(name: string): Role | undefined {
	return queueOf(name)?.role;
}

export function queueOf(name: string): QueueSpec | undefined {
	return QUEUES[name.split(".", 1)[0] as string];
}

/** Whether a message of this queue is an event, or one of its deliveries. */
export function hasHandlers(name: string): boolean {
	const role = roleOf(name);
	return role === "events" || role === "retries";
}

/** The variable `TIDINGS_QUEUES`. @param draining names of queues */
export function queuesVar(draining: readonly string[]): object {
	return {
		events: ["events", "events-2"],
		retries: ["retries", "retries-2"],
		deadLetters: "dead-letters",
		lanes: {
			bulk: { events: "bulk", retries: "bulk-retries" },
			fast: "fast",
		},
		draining,
	};
}
