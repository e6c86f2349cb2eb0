/** Delivers one event to one handler: finds the handler, makes the attempt, decides, settles. */
import type { Delivery, ReceivedEvent } from "../event/envelope.ts";
import type { HandlerWorker } from "../handlers/call.ts";
import type { Route } from "../handlers/route.ts";
import { loadRecord } from "../payloads/payloads.ts";
import type { Ports } from "../ports.ts";
import { callOne } from "./call-worker.ts";
import type { BatchWorker } from "./concurrency.ts";
import { decide, type Result } from "./decide.ts";
import {
	type ConsumePorts,
	type DeliveredMessage,
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
	/** Turns the event's record into the one that the handler receives. Default: unchanged. */
	shape?(record: string): string;
}

/**
 * Delivers a message that carries one delivery.
 *
 * @param find returns the target, or why there is none
 * @throws whatever prevents the fate from being stored; the message must then be redelivered
 */
export async function deliver(
	event: ReceivedEvent,
	carried: Delivery,
	find: (delivery: Delivery) => Promise<Target | Result>,
	message: DeliveredMessage,
	ports: ConsumePorts,
): Promise<Verdict> {
	const delivery = currentDelivery(carried, message);
	const found = await find(delivery);
	const startedAt = ports.clock();
	const attempted =
		"route" in found
			? {
					result: await attempt(event, delivery, found, ports),
					policy: found.route.policy,
				}
			: { result: found };
	const fate = decide(
		{ ...attempted, delivery, startedAt },
		ports.clock(),
		ports.random(),
	);
	return settle(event, delivery, fate, startedAt, message, ports);
}

/** Finds a handler by the id that its deliveries have. */
export async function findHandler(
	event: ReceivedEvent,
	{ handler }: Delivery,
	worker: BatchWorker,
	{ extension }: ConsumePorts,
): Promise<Target | Result> {
	const routes = await worker.routes();
	if (!routes) return { type: "worker_unreachable" };
	const route = routes.get(handler);
	if (!route) return { type: "unknown_handler" };
	return { worker, route, host: extension.hostFor(event.envelope.name) };
}

async function attempt(
	event: ReceivedEvent,
	{ attempt, handler }: Delivery,
	{ worker, route, host, shape = (record) => record }: Target,
	ports: ConsumePorts,
): Promise<Result> {
	if (!mayStart(route.policy, attempt)) return { type: "never_returned" };
	const loaded = await recordFor(event, ports);
	if (!("record" in loaded)) return loaded;
	const call = {
		...{ delivery: handler, handler: route.handler, attempt },
		timeout: route.timeout,
	};
	const outcome = await callOne(worker, call, shape(loaded.record), host);
	return outcome.type === "crashed" && !(await worker.isReachable())
		? { type: "worker_unreachable" }
		: outcome;
}

/** Loads the record that an event's handlers receive, or says why it cannot be loaded. */
export async function recordFor(
	event: ReceivedEvent,
	{ payloads, extension }: Pick<Ports, "payloads" | "extension">,
): Promise<{ record: string } | Result> {
	const { name, reference = "" } = event.envelope;
	try {
		const record = await loadRecord(event, { payloads });
		if (record === undefined) return { type: "body_missing", reference };
		return { record: await extension.shape(name, record) };
	} catch {
		return { type: "body_unreadable" };
	}
}

/** The delivery at this redelivery of its message. A message cannot be changed, so its count is added. */
function currentDelivery(
	carried: Delivery,
	{ attempts, timestamp }: DeliveredMessage,
): Delivery {
	if (attempts === 1) return carried;
	const sentAt = timestamp.getTime();
	// It was tried since it last waited, so its waits start anew.
	const { unknownFor: _, unreachableFor: __, ...tried } = carried;
	return {
		firstAttemptAt: sentAt,
		firstFailureAt: sentAt,
		...tried,
		attempt: carried.attempt + attempts - 1,
	};
}

/** Settles a delivery whose attempt could not be made. */
export async function settleUntried(
	event: ReceivedEvent,
	delivery: Delivery,
	result: Result,
	message: DeliveredMessage,
	ports: ConsumePorts,
): Promise<void> {
	const now = ports.clock();
	const attempted = { result, delivery, startedAt: now };
	const fate = decide(attempted, now, ports.random());
	await settle(event, delivery, fate, now, message, ports);
}
