/** Delivers one event to one handler: finds the handler, makes the attempt, decides, settles. */
import type { Delivery } from "../event/envelope.ts";
import { failed } from "../handlers/attempt.ts";
import type { HandlerWorker } from "../handlers/call.ts";
import type { Route } from "../handlers/route.ts";
import { loadRecord } from "../payloads/payloads.ts";
import { log } from "../platform/log.ts";
import { callOne } from "./call-worker.ts";
import { decide, type Result } from "./decide.ts";
import { currentDelivery } from "./next-delivery.ts";
import {
	type ConsumePorts,
	type IncomingEvent,
	settle,
	type Verdict,
} from "./settle.ts";
import { mayStart } from "./waits.ts";

/** The handler of a delivery, and where it runs. */
export interface Target {
	worker: HandlerWorker;
	route: Route;
	/** Given to the handler of an extension. */
	host?: object | undefined;
	/** Turns the event's record into the one that this handler receives. If it throws, the attempt has failed. */
	adapt?(record: string): string;
}

/**
 * Delivers a message that carries one delivery.
 *
 * @param target who receives the event; the result of the delivery if nobody can be found
 * @throws UnavailableError if the fate could not be stored; the message must then be redelivered
 */
export async function deliver(
	event: IncomingEvent,
	carried: Delivery,
	target: Target | Result,
	ports: ConsumePorts,
): Promise<Verdict> {
	const delivery = currentDelivery(carried, event.message);
	const startedAt = ports.clock();
	const attempted =
		"route" in target
			? {
					result: await attemptDelivery(event, delivery, target, ports),
					policy: target.route.policy,
				}
			: { result: target };
	const fate = decide(
		{ ...attempted, delivery, startedAt },
		ports.clock(),
		ports.random(),
	);
	return settle(event, delivery, fate, startedAt, ports);
}

/** Finds a handler by the id that its deliveries have. */
export async function findHandler(
	id: string,
	worker: HandlerWorker,
): Promise<Target | Result> {
	const routes = await worker.routes();
	if (!routes) return { type: "worker_unreachable" };
	const route = routes.get(id);
	return route ? { worker, route } : { type: "unknown_handler" };
}

async function attemptDelivery(
	event: IncomingEvent,
	{ attempt, handler: deliveryHandler }: Delivery,
	{ worker, route, host, adapt }: Target,
	ports: ConsumePorts,
): Promise<Result> {
	const { policy, handler, timeout } = route;
	if (!mayStart(policy, attempt)) return { type: "never_returned" };
	const loaded = await loadFor(event, ports);
	if (!("record" in loaded)) return loaded;
	let { record } = loaded;
	try {
		if (adapt) record = adapt(record);
	} catch (error) {
		return failed(error);
	}
	const call = { deliveryHandler, handler, attempt, timeout };
	const outcome = await callOne(event.envelope, worker, call, record, host);
	// A Worker that is down was not crashed by this event.
	return outcome.type === "crashed" && !(await worker.isReachable())
		? { type: "worker_unreachable" }
		: outcome;
}

/** Loads the record of an event with its body, or returns the result if it cannot be loaded. */
export async function loadFor(
	event: IncomingEvent,
	{ payloads }: Pick<ConsumePorts, "payloads">,
): Promise<{ record: string } | Result> {
	const { id, name, reference = "" } = event.envelope;
	try {
		const record = await loadRecord(event, payloads);
		return record === undefined
			? { type: "body_missing", reference }
			: { record };
	} catch (error) {
		log("body_unreadable", { event: id, name, reference, error });
		return { type: "body_unreadable" };
	}
}
