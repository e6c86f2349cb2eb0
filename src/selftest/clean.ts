/** Removes what a run of the selftest has left: dead letters, a body that is stored apart, scheduled canaries. */
import { discard } from "../dead-letters/replay.ts";
import type { TidingsEvent } from "../event/envelope.ts";
import { deleteAll } from "../payloads/payloads.ts";
import type { Ports } from "../ports.ts";
import { scheduledPage } from "../schedule/list.ts";
import { cancel } from "../schedule/schedule.ts";
import { RUN_TIME, tagsOf } from "./canary.ts";

/** The body of the cleanup's event. */
export interface CleanupBody {
	/** Keys of bodies that are stored apart. */
	bodies: string[];
}

const PAGE = 1_000;

/** @param event the cleanup's, whose id is that of the run. It may run several times */
export async function clean(
	{ id: run, body, time }: TidingsEvent,
	ports: Ports,
): Promise<void> {
	const tags = tagsOf(run);
	for (const state of ["dead", "replaying", "resolved"] as const) {
		const filter = { tags, state, since: time - RUN_TIME };
		let cursor: string | undefined;
		do {
			const page = await ports.deadLetters.list({
				filter,
				cursor,
				limit: PAGE,
			});
			for (const { id } of page.deadLetters) await discard(id, ports);
			cursor = page.cursor;
		} while (cursor !== undefined);
	}
	// Of a shard whose alarm did not run.
	const due = { tags, since: time, until: time + RUN_TIME };
	const { scheduled } = await scheduledPage(
		due,
		undefined,
		PAGE,
		ports.scheduler,
	);
	for (const { id } of scheduled) await cancel(id, ports);
	await deleteAll((body as CleanupBody).bodies, ports.payloads);
}
