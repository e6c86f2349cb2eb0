/**
 * Dispatches one event message to all Workers with matching handlers, concurrently, with one call for each Worker.
 * If one of them fails, the message is redelivered and then split into one message for each handler.
 */
import type { Delivery, ReceivedEvent } from "../event/envelope.ts";
import { allHandlersId, type Route } from "../handlers/route.ts";
import type { Ports } from "../ports.ts";
import { callAll, split } from "./call-worker.ts";
import type { Batch, BatchWorker } from "./concurrency.ts";
import { recordFor, settleUntried } from "./deliver.ts";
import { firstDelivery } from "./requeue.ts";
import {
	ACK,
	type ConsumePorts,
	type DeliveredMessage,
	type Verdict,
} from "./settle.ts";

/**
 * Dispatches an event to all handlers that match its name.
 *
 * @throws whatever one of the Workers' dispatches threw, after all of them have ended
 */
export async function dispatch(
	event: ReceivedEvent,
	message: DeliveredMessage,
	batch: Batch,
	ports: ConsumePorts,
): Promise<Verdict> {
	const dispatched = await Promise.allSettled(
		batch.workers.map((worker) => {
			const delivery = { handler: allHandlersId(worker.key), attempt: 1 };
			return toWorker(event, delivery, worker, message, batch, ports);
		}),
	);
	const results = dispatched.map((end) => {
		if (end.status === "rejected") throw end.reason;
		return end.value;
	});
	if (results.every((result) => result === "ignored"))
		reportIgnored(event, undefined, ports);
	return ACK;
}

/** Dispatches the delivery of an event to a Worker whose handlers were not known before. */
export async function dispatchToWorker(
	event: ReceivedEvent,
	delivery: Delivery,
	worker: BatchWorker,
	message: DeliveredMessage,
	batch: Batch,
	ports: ConsumePorts,
): Promise<Verdict> {
	const result = await toWorker(event, delivery, worker, message, batch, ports);
	if (result === "ignored") reportIgnored(event, delivery.handler, ports);
	return ACK;
}

/** @param delivery to all handlers of the Worker; parked while the Worker does not list them */
async function toWorker(
	event: ReceivedEvent,
	delivery: Delivery,
	worker: BatchWorker,
	message: DeliveredMessage,
	{ until }: Batch,
	ports: ConsumePorts,
): Promise<"dispatched" | "ignored"> {
	const routes = await worker.routes();
	const matching = routes?.matching(event.envelope.name);
	if (matching?.length === 0) return "ignored";
	await worker.limiter.run(event, async () => {
		if (matching === undefined) {
			const result = { type: "worker_unreachable" } as const;
			await settleUntried(event, delivery, result, message, ports);
		} else if (message.attempts > 1) {
			// Its last delivery may have crashed a Worker: no handler runs next to another.
			await split(event, matching, ports);
		} else await callMatching(event, worker, matching, message, until, ports);
	});
	return "dispatched";
}

async function callMatching(
	event: ReceivedEvent,
	worker: BatchWorker,
	routes: readonly Route[],
	message: DeliveredMessage,
	until: number,
	ports: ConsumePorts,
): Promise<void> {
	const loaded = await recordFor(event, ports);
	if ("record" in loaded)
		return callAll(event, loaded.record, worker, routes, until, message, ports);
	for (const { id } of routes) {
		const delivery = firstDelivery(event, id);
		await settleUntried(event, delivery, loaded, message, ports);
	}
}

function reportIgnored(
	{ envelope: { id, name } }: ReceivedEvent,
	handler: string | undefined,
	{ clock, observe }: Pick<Ports, "clock" | "observe">,
): void {
	const ignored = { type: "ignored", at: clock(), id, event: name } as const;
	observe(handler === undefined ? ignored : { ...ignored, handler });
}
