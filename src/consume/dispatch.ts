/**
 * Dispatches one event message to all Workers with matching handlers, concurrently, with one call for each Worker.
 * If a delivery could be stored nowhere, the message is redelivered and then split into one message for each handler.
 */
import type { Delivery } from "../event/envelope.ts";
import { allHandlersId, type Route } from "../handlers/route.ts";
import type { Batch, BatchWorker } from "./batch.ts";
import { callAll } from "./call-worker.ts";
import { decide, type Result } from "./decide.ts";
import { loadFor } from "./deliver.ts";
import { firstDelivery } from "./next-delivery.ts";
import {
	ACK,
	type ConsumePorts,
	type IncomingEvent,
	settle,
	type Verdict,
} from "./settle.ts";
import { settleDispatched, split } from "./settle-message.ts";

/**
 * Dispatches an event to all handlers that match its name.
 *
 * @throws UnavailableError if a delivery could be stored nowhere, after the dispatches to all Workers have ended
 */
export async function dispatch(
	event: IncomingEvent,
	batch: Batch,
	ports: ConsumePorts,
): Promise<Verdict> {
	const dispatched = await Promise.allSettled(
		batch.workers.map((worker) => {
			const delivery = { handler: allHandlersId(worker.key), attempt: 1 };
			return toWorker(event, delivery, worker, batch, ports);
		}),
	);
	let isIgnored = true;
	for (const end of dispatched) {
		if (end.status === "rejected") throw end.reason;
		if (end.value !== "ignored") isIgnored = false;
	}
	return settleDispatched(event, undefined, isIgnored, ports);
}

/** Dispatches the delivery of an event to a Worker whose handlers were not known before. */
export async function dispatchToWorker(
	event: IncomingEvent,
	delivery: Delivery,
	worker: BatchWorker,
	batch: Batch,
	ports: ConsumePorts,
): Promise<Verdict> {
	const result = await toWorker(event, delivery, worker, batch, ports);
	if (result === "parked") return ACK;
	return settleDispatched(event, delivery, result === "ignored", ports);
}

/** @param delivery to all handlers of the Worker; it is parked while the Worker does not list them */
async function toWorker(
	event: IncomingEvent,
	delivery: Delivery,
	worker: BatchWorker,
	{ until }: Batch,
	ports: ConsumePorts,
): Promise<"dispatched" | "ignored" | "parked"> {
	// Undefined while the Worker does not list its handlers.
	const routes = await worker.routes();
	const matching = routes?.matching(event.envelope.name);
	if (matching?.length === 0) return "ignored";
	const release = await worker.limiter.acquire(event);
	try {
		if (matching === undefined) {
			const unreachable = { type: "worker_unreachable" } as const;
			await settleUntried(event, delivery, unreachable, ports);
			return "parked";
		}
		// The last delivery of this message may have crashed a Worker, so its handlers do not run together.
		if (event.message.attempts > 1) await split(event, matching, ports);
		else await callMatching(event, worker, matching, until, ports);
	} finally {
		release();
	}
	return "dispatched";
}

async function callMatching(
	event: IncomingEvent,
	worker: BatchWorker,
	routes: readonly Route[],
	until: number,
	ports: ConsumePorts,
): Promise<void> {
	const loaded = await loadFor(event, ports);
	if ("record" in loaded)
		return callAll(event, loaded.record, worker, routes, until, ports);
	// Split instead of parking one by one. If the second park failed, the redelivered message would be split, and the
	// first delivery would exist twice.
	if (loaded.type === "body_unreadable") return split(event, routes, ports);
	for (const { id } of routes)
		await settleUntried(event, firstDelivery(event, id), loaded, ports);
}

/** Settles a delivery whose attempt could not be made. */
export async function settleUntried(
	event: IncomingEvent,
	delivery: Delivery,
	result: Result,
	ports: ConsumePorts,
): Promise<void> {
	const startedAt = ports.clock();
	const attempted = { result, delivery, startedAt };
	const fate = decide(attempted, startedAt, ports.random());
	await settle(event, delivery, fate, startedAt, ports);
}
