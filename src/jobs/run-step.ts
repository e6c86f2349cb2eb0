/** Runs one batch of a job: finds the next items that match, and acts on each. It stores no progress. */
import pMap from "p-map";
import { discard, replay } from "../dead-letters/replay.ts";
import { RefusedError } from "../event/errors.ts";
import { serializeError } from "../event/failure.ts";
import { CALL_CONCURRENCY } from "../event/limits.ts";
import type { Ports } from "../ports.ts";
import { cancel } from "../schedule/schedule.ts";
import { type DeliverPorts, deliverStep } from "./deliver.ts";
import { eraseStep } from "./erase.ts";
import { findItems, type ListAction } from "./items.ts";
import type { JobStep, StepResult } from "./job.ts";

/** Items in one batch. A replay makes three calls, and an invocation may make a thousand (Workers, limits). */
const BATCH = 100;

type StepPorts = DeliverPorts & Pick<Ports, "scheduler">;

/**
 * Acts on the next batch. An item that is refused does not stop it. An outage ends it, and what was done counts.
 *
 * @param queueRetention milliseconds
 * @throws UnavailableError if the batch could not be found
 */
export async function runStep(
	step: JobStep,
	ports: StepPorts,
	queueRetention: number,
): Promise<StepResult> {
	const { action, cursor } = step;
	if (action === "deliver") return deliverStep(step, ports);
	if (action === "erase") return eraseStep(step, ports, queueRetention);
	const { ids, next } = await findItems(action, step, BATCH, ports);
	const errors: { id: string; reason: string }[] = [];
	let done = 0;
	let outage: unknown;
	const actOn = async (id: string) => {
		if (outage !== undefined) return;
		try {
			if (await act(action, id, ports)) done++;
		} catch (error) {
			if (error instanceof RefusedError)
				errors.push({ id, reason: error.message });
			else outage = error;
		}
	};
	await pMap(ids, actOn, { concurrency: CALL_CONCURRENCY });
	return outage === undefined
		? { done, errors, cursor: next }
		: { done, errors: [], cursor, outage: serializeError(outage) };
}

/** Returns false if the item is gone, or another call was faster. */
async function act(
	action: ListAction,
	id: string,
	ports: StepPorts,
): Promise<boolean> {
	switch (action) {
		case "replay":
			return (await replay(id, {}, ports)) !== false;
		case "discard":
			return discard(id, ports);
		case "cancel":
			return cancel(id, ports);
	}
}
