/** Looks for new events again and again, and returns each change once. */
import type { Admin, EventLife } from "../src/admin.ts";

/** Events in one answer. */
export const LIMIT = 100;

export interface Look {
	/** Events that are new, or have changed, since the last look; the latest last. */
	changed: EventLife[];
	/** Whether more have changed than one answer has. */
	hasMissed: boolean;
}

/** Returns a function that asks for the latest events. What is there at its first call counts as changed. */
export function looking(admin: Admin, q: string): () => Promise<Look> {
	let seen: Map<string, number> | undefined;
	return async () => {
		const { events } = await admin.events.list({ q, limit: LIMIT });
		const changed = events.filter(({ id, at }) => (seen?.get(id) ?? 0) < at);
		const hasMissed = seen !== undefined && changed.length === LIMIT;
		// An event that left the answer comes back only with a change.
		seen = new Map(events.map(({ id, at }) => [id, at]));
		return { changed: changed.toReversed(), hasMissed };
	};
}
