/**
 * Handles a message of the dead-letter queue: stores the dead letter that it carries, ends the replay of one, or stores
 * one for each handler of an event that the platform gave up on.
 */
import { reportDead } from "../dead-letters/bury.ts";
import { storeDeadLetters } from "../dead-letters/store.ts";
import { deadLetterId } from "../event/dead-letter.ts";
import type { FinalFailure, ReceivedEvent } from "../event/envelope.ts";
import { allHandlersId } from "../handlers/route.ts";
import { decideAbandoned } from "./decide.ts";
import { finalFailure, firstDelivery } from "./next-delivery.ts";
import {
	ACK,
	type ConsumePorts,
	type IncomingEvent,
	type Verdict,
} from "./settle.ts";

/** @throws UnavailableError if the store is down; the message must then be redelivered */
export async function storeFromQueue(
	event: IncomingEvent,
	ports: ConsumePorts,
): Promise<Verdict> {
	const { id, deadLetter, resolved } = event.envelope;
	if (resolved) {
		const { handler, replay, isCancelled } = resolved;
		const letter = deadLetterId(id, handler);
		if (isCancelled) await ports.deadLetters.release(letter, replay);
		else await ports.deadLetters.resolve(letter, replay);
		return ACK;
	}
	const failures = deadLetter ? [deadLetter] : await abandoned(event, ports);
	await storeDeadLetters(event, failures, event.message.attempts, ports);
	// One that the message carries was reported when it was buried.
	if (!deadLetter)
		for (const failure of failures) reportDead(event.envelope, failure, ports);
	return ACK;
}

async function abandoned(
	event: ReceivedEvent,
	ports: ConsumePorts,
): Promise<FinalFailure[]> {
	const { delivery } = event.envelope;
	const deliveries = delivery
		? [delivery]
		: (await handlersOf(event, ports)).map((id) => firstDelivery(event, id));
	const now = ports.clock();
	return deliveries.map((one) => finalFailure(one, decideAbandoned(one), now));
}

/** The handlers that the event was for. All handlers of a Worker that does not respond count as one. */
async function handlersOf(
	{ envelope: { name } }: ReceivedEvent,
	{ workers, extension }: ConsumePorts,
): Promise<string[]> {
	if (extension.owns(name)) return extension.deadLetterIds(name);
	const ids = await Promise.all(
		workers.all.map(async (worker) => {
			const routes = await worker.routes();
			if (!routes) return [allHandlersId(worker.key)];
			return routes.matching(name).map(({ id }) => id);
		}),
	);
	const all = ids.flat();
	// It had handlers, or it would have been ignored. They may be gone by now.
	return all.length > 0 ? all : [""];
}
