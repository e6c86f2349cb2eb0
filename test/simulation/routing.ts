/** The law of routing: each message is sent to the queues of its event's lane, and to no queue that is draining. */

import type { Note } from "../../src/testing/platform/worker.ts";
import { type Judge, ROLLING } from "./invariants.ts";
import type { Ledger } from "./ledger.ts";
import { QUEUES, type QueueSpec } from "./queues.ts";
import { eventOf } from "./subjects.ts";

/** A flush that failed to send to a lane uses the default lane until it ends, in milliseconds. */
const FLUSH = 5 * 60_000 + 30_000;

export function judgeRouting(ledger: Ledger, judge: Judge): void {
	const failures = ledger.notes.filter(({ what }) => what === "call failed");
	for (const note of ledger.notes) {
		const { what, where, subjects, at } = note;
		const queue = QUEUES[where];
		if (what !== "taken" || !queue || queue.role === "dead-letters") continue;
		const live = drainingAt(at, ledger);
		for (const subject of subjects) {
			const entry = ledger.entries.get(eventOf(subject));
			if (!entry) continue;
			const { n, lane } = entry;
			const isDraining = live.every((names) => names.includes(where));
			judge("misrouted", n, !isDraining, `${where} is draining and got it`);
			const isFallback = () =>
				queue.lane === undefined &&
				(isMissing(queue, lane, live) || hasFailed(note, lane, failures));
			judge(
				"misrouted",
				n,
				queue.lane === lane || isFallback(),
				`its lane is ${lane ?? "the default"}, and ${where} got it`,
			);
		}
	}
}

/** The draining queues of each deploy that may run at a time. */
function drainingAt(at: number, { deploys }: Ledger) {
	return deploys
		.filter(
			(deploy, index) =>
				deploy.at <= at && (deploys[index + 1]?.at ?? Infinity) + ROLLING > at,
		)
		.map(({ version }) => version.draining);
}

/** Whether a deploy has no queue for this lane: a lane whose events are drained counts as removed. */
function isMissing(
	{ role }: QueueSpec,
	lane: string | undefined,
	live: readonly (readonly string[])[],
): boolean {
	return live.some((draining) => {
		const isSentTo = (wanted: string) =>
			Object.entries(QUEUES).some(
				([name, queue]) =>
					queue.lane === lane &&
					queue.role === wanted &&
					!draining.includes(name),
			);
		return !isSentTo("events") || !isSentTo(role);
	});
}

/** Whether a queue of the lane has failed shortly before. */
function hasFailed(
	{ at }: Note,
	lane: string | undefined,
	failures: readonly Note[],
): boolean {
	return failures.some(
		({ at: failedAt, where }) =>
			QUEUES[where.split(".", 1)[0] as string]?.lane === lane &&
			failedAt <= at &&
			failedAt > at - FLUSH,
	);
}
