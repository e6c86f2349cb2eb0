/** Groups the dead letters that match a filter. It reads them call by call, and changes none. */
import type {
	DeadLetterGroup,
	DeadLetterGroups,
} from "../event/dead-letter.ts";
import { positionOf } from "../lists/cursor.ts";
import type { Filter } from "../lists/filter.ts";
import type { Ports } from "../ports.ts";

/** Calls of the store, which reads 10 000 dead letters in each. */
const CALLS = 10;

/** Of each 10 000 dead letters, the thousand largest groups are counted. */
export interface Groups extends DeadLetterGroups {
	/** The counts have reached failures of this time, in epoch milliseconds. Absent if they are complete. */
	countedUntil?: number;
}

/** @param calls the most calls of the store. @throws UnavailableError */
export async function groupDeadLetters(
	filter: Filter,
	{ deadLetters }: Pick<Ports, "deadLetters">,
	calls = CALLS,
): Promise<Groups> {
	const groups = new Map<string, DeadLetterGroup>();
	let cursor: string | undefined;
	let uncounted = 0;
	for (let call = 0; call < calls; call++) {
		const found = await deadLetters.groups(filter, cursor);
		for (const group of found.groups) add(groups, group);
		uncounted += found.uncounted ?? 0;
		cursor = found.cursor;
		if (cursor === undefined) break;
	}
	const end = positionOf(cursor);
	return {
		groups: [...groups.values()].sort((one, other) => other.count - one.count),
		...(uncounted > 0 && { uncounted }),
		...(end && { countedUntil: end[0] }),
	};
}

/** Later calls find earlier failures, but the first failure of a dead letter may be older than its last. */
function add(groups: Map<string, DeadLetterGroup>, group: DeadLetterGroup) {
	const key = JSON.stringify([group.handler, group.cause, group.reason]);
	const known = groups.get(key);
	if (!known) {
		groups.set(key, group);
		return;
	}
	const first = group.firstFailureAt < known.firstFailureAt ? group : known;
	const { firstFailureAt, deploy } = first;
	const lastFailureAt = Math.max(group.lastFailureAt, known.lastFailureAt);
	const count = known.count + group.count;
	groups.set(key, { ...known, count, firstFailureAt, lastFailureAt, deploy });
}
