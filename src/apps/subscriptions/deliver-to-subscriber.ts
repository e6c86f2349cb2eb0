/**
 * Step 5 for apps: a delivery to one subscription, which is looked up at each attempt. One that has ended gets
 * nothing more, and another tool takes the place of the one before.
 */

import { awaitHandler, awaitWorker } from "../../consume/await.ts";
import type { Batch, BatchConsumer } from "../../consume/concurrency.ts";
import {
	ACK,
	acked,
	continued,
	type Delivering,
	deliver,
	MINUTE,
	type Travelled,
	type Verdict,
} from "../../consume/deliver.ts";
import { park } from "../../consume/requeue.ts";
import type { Delivery, ReceivedEvent } from "../../event/envelope.ts";
import { qualifiedId, type Route } from "../../handlers/route.ts";
import { type SentBody, type ToolBody, toolId } from "../app-host.ts";
import type { FanningOut } from "./fan-out.ts";
import type { Subscription } from "./subscription.ts";

export async function deliverToSubscriber(
	event: ReceivedEvent,
	carried: Delivery,
	subscriptionId: number,
	message: Travelled,
	batch: Batch,
	ports: Delivering & Pick<FanningOut, "subscriptionsOf">,
): Promise<Verdict> {
	const { id, name } = event.envelope;
	const { handler } = carried;
	const delivery = continued(carried, message);
	const found = await ports
		.subscriptionsOf(name)
		.find(subscriptionId)
		.catch(() => "unreachable" as const);
	if (found === "unreachable") {
		const reason = "its subscription cannot be read now";
		return acked(park(event, delivery, MINUTE, reason, ports));
	}
	if (!found) {
		const at = ports.clock();
		ports.observe({ type: "cancelled", at, id, event: name, handler });
		return ACK;
	}
	const tool = await toolOf(found, batch);
	if (tool === "silent") return acked(awaitWorker(event, delivery, ports));
	if (tool === "unknown") return acked(awaitHandler(event, delivery, ports));
	const { consumer, route } = tool;
	const { app, key } = found;
	const inName = { app, subscription: { source: name, key } };
	const shape = (record: string) => {
		const { body, ...head } = JSON.parse(record) as { body: SentBody };
		const given: ToolBody = { input: body.payload, subscription: key };
		return JSON.stringify({ ...head, body: given });
	};
	const target = { consumer, route, inName, shape };
	return consumer.turns.take(event, () =>
		deliver(event, delivery, target, message, ports),
	);
}

/** Silent as long as a Worker that may have it has not told its handlers. */
async function toolOf(
	{ app, tool }: Subscription,
	{ consumers }: Batch,
): Promise<{ consumer: BatchConsumer; route: Route } | "silent" | "unknown"> {
	let isSilent = false;
	for (const consumer of consumers) {
		const routes = await consumer.routes();
		isSilent ||= !routes;
		const route = routes?.get(qualifiedId(consumer.key, toolId(app, tool)));
		if (route) return { consumer, route };
	}
	return isSilent ? "silent" : "unknown";
}
