/**
 * Handles a message of the dead-letter queue. It carries a dead letter, the end of a replay, or an event that the
 * platform gave up.
 */
import type { FinalFailure } from "../event/envelope.ts";
import { allHandlersId, UNKNOWN_HANDLER_ID } from "../handlers/route.ts";
import { decideAbandoned } from "./decide.ts";
import { finalFailure, firstDelivery } from "./next-delivery.ts";
import type { ConsumePorts, IncomingEvent, Verdict } from "./settle.ts";
import { settleDead, settleReplay } from "./settle-message.ts";

/** @throws UnavailableError if the store is down; the message must then be redelivered */
export async function handleDeadLetter(
	event: IncomingEvent,
	ports: ConsumePorts,
): Promise<Verdict> {
	const { deadLetter, resolved } = event.envelope;
	if (resolved) return settleReplay(event, resolved, ports);
	const failures = deadLetter ? [deadLetter] : await failuresOf(event, ports);
	return settleDead(event, failures, ports);
}

/** The failures of an event that the platform gave up, one for each of its deliveries. */
async function failuresOf(
	event: IncomingEvent,
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
	{ envelope: { name } }: IncomingEvent,
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
	return all.length > 0 ? all : [UNKNOWN_HANDLER_ID];
}
