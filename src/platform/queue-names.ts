/**
 * The queues of this Worker: their roles, lanes, bindings and labels. A publishing Worker bundles this file: it must
 * not import zod.
 */

export type QueueRole = "events" | "retries" | "deadLetters";

export interface NamedQueue {
	name: string;
	role: QueueRole;
	/** Absent for the default lane. */
	lane?: string;
	binding: string;
	/** Its place in the variable: `events`, `events 2`, `bulk`, `bulk retries`. */
	label: string;
	/** Consumed, but receives no new messages. */
	isDraining: boolean;
}

/** Gives each queue of a list its binding and label. */
export function queuesIn(
	role: QueueRole,
	names: readonly string[],
	lane?: string,
): Omit<NamedQueue, "isDraining">[] {
	const own = role === "deadLetters" ? "DEAD_LETTERS" : role.toUpperCase();
	const ofLane = lane?.replaceAll("-", "_").toUpperCase();
	const isRetries = role === "retries";
	const prefix = ofLane ? `${ofLane}${isRetries ? "_RETRIES" : ""}` : own;
	const label = lane ? `${lane}${isRetries ? " retries" : ""}` : role;
	return names.map((name, index) => ({
		name,
		role,
		...(lane !== undefined && { lane }),
		binding: `${prefix}_QUEUE${index === 0 ? "" : `_${index + 1}`}`,
		label: index === 0 ? label : `${label} ${index + 1}`,
	}));
}

/** The queues of a role that receive new messages: those of the lane, or without one those of the default lane. */
export function sentTo(
	queues: readonly NamedQueue[],
	role: QueueRole,
	lane?: string,
): NamedQueue[] {
	return queues.filter(
		(queue) => queue.role === role && queue.lane === lane && !queue.isDraining,
	);
}
