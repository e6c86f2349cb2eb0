/**
 * Step 5, where it cannot be made: a delivery that nobody can run now waits for who can, and not for ever. What
 * counts is what was waited, and not since when, for this Worker may have been away itself.
 */
import { type Burying, bury } from "../dead-letters/bury.ts";
import { sinceFirst } from "../dead-letters/store.ts";
import type { Cause, Delivery, ReceivedEvent } from "../event/envelope.ts";
import type { Failure } from "../event/failure.ts";
import { waitForDeploy, waitForWorker } from "./decide.ts";
import { type Carrying, park } from "./requeue.ts";

export interface Awaiting extends Carrying, Burying {
	payloads: Carrying["payloads"] & Burying["payloads"];
}

/** Its handler is unknown: perhaps a deploy is rolling, so it waits up to an hour. */
export async function awaitHandler(
	event: ReceivedEvent,
	{ unreachableFor: _, ...delivery }: Delivery,
	ports: Awaiting,
): Promise<void> {
	const { handler, unknownFor = 0 } = delivery;
	const wait = waitForDeploy(unknownFor);
	if (wait === undefined)
		return giveUp(
			event,
			delivery,
			"unknown_handler",
			{
				name: "UnknownHandlerError",
				message: `no handler ${JSON.stringify(handler)} is registered, and none was for an hour`,
			},
			ports,
		);
	const waiting = { ...delivery, unknownFor: unknownFor + wait };
	const reason = "its handler is not registered";
	await park(event, waiting, wait, reason, ports);
}

/** Its Worker does not answer: it waits up to a day, and uses up no attempt. */
export async function awaitWorker(
	event: ReceivedEvent,
	delivery: Delivery,
	ports: Awaiting,
): Promise<void> {
	const { handler, unreachableFor = 0 } = delivery;
	const wait = waitForWorker(unreachableFor);
	if (wait === undefined)
		return giveUp(
			event,
			delivery,
			"unreachable",
			{
				name: "UnreachableError",
				message: `the Worker of ${JSON.stringify(handler)} did not answer for a day`,
			},
			ports,
		);
	const waiting = { ...delivery, unreachableFor: unreachableFor + wait };
	await park(event, waiting, wait, "its Worker does not answer", ports);
}

async function giveUp(
	event: ReceivedEvent,
	delivery: Delivery,
	cause: Cause,
	error: Failure,
	ports: Awaiting,
): Promise<void> {
	const { handler, attempt } = delivery;
	const since = sinceFirst(delivery, ports.clock());
	const ending = { handler, cause, error, attempts: attempt - 1, ...since };
	await bury(event, ending, ports);
}
