/** Finds an event by the part of its id that a timeline shows. It searches only the latest events of the journal. */
import type { Admin } from "../src/admin.ts";
import { shardOf } from "../src/event/id.ts";
import { NotFoundError } from "./context.ts";
import { UsageError } from "./usage-error.ts";

/** Events that are searched: the largest page of a list. */
const SEARCHED = 1_000;

/**
 * Completes a part of an id: its beginning, or the six characters of a timeline.
 *
 * @throws NotFoundError if no event has it
 * @throws UsageError if several events have it
 */
export async function wholeId(part: string, admin: Admin): Promise<string> {
	if (shardOf(part) !== undefined) return part;
	const { events } = await admin.events.list({ limit: SEARCHED });
	const found = events.filter(
		({ id }) => id.startsWith(part) || id.slice(-8, -2) === part,
	);
	const [first, ...others] = found;
	if (!first)
		throw new NotFoundError(
			`There is no event ${part} in the latest ${SEARCHED} of the journal. Give its whole id: npx tidings events shows it.`,
		);
	if (others.length > 0)
		throw new UsageError(
			`${found.length} events have ${part} in their id. Give one of:\n${found
				.slice(0, 10)
				.map(({ id, name }) => `  ${id}  ${name}`)
				.join("\n")}`,
		);
	return first.id;
}
