/**
 * Delivers an app's event to its subscribers. The subscription is looked up with each attempt: one that has ended
 * receives nothing more, and one that names another tool runs that tool.
 */
import type { Batch } from "../../consume/batch.ts";
import type { Result } from "../../consume/decide.ts";
import { deliver, type Target } from "../../consume/deliver.ts";
import {
	ACK,
	type ConsumePorts,
	type IncomingEvent,
	type Verdict,
} from "../../consume/settle.ts";
import { qualifiedId } from "../../handlers/route.ts";
import { log } from "../../platform/log.ts";
import type { SentBody, ToolBody } from "../app-event-body.ts";
import type { AppHost, AppIdentity } from "../app-host.ts";
import type { AppPorts } from "../app-ports.ts";
import { recipientsOf, toolId } from "../delivery-ids.ts";
import { fanOut } from "./fan-out.ts";
import type { Subscription } from "./subscription.ts";

type SubscriberPorts = ConsumePorts &
	Pick<AppPorts, "subscriptionsOf"> & {
		hostFor(identity: AppIdentity): AppHost;
	};

/** @throws any error that prevents a verdict; the message is then redelivered */
export async function deliverToSubscribers(
	event: IncomingEvent,
	batch: Batch,
	ports: SubscriberPorts,
): Promise<Verdict> {
	const { delivery } = event.envelope;
	const recipients = delivery ? recipientsOf(delivery.handler) : { after: 0 };
	if (!delivery || "after" in recipients) {
		const after = "after" in recipients ? recipients.after : 0;
		await batch.limiter.run(event, () => fanOut(event, after, ports));
		return ACK;
	}
	const { subscription } = recipients;
	const found = await findSubscriber(event, subscription, batch, ports);
	const limiter = "route" in found ? found.limiter : batch.limiter;
	return limiter.run(event, () =>
		deliver(event, delivery, async () => found, ports),
	);
}

type Limited = Pick<Batch, "limiter">;

async function findSubscriber(
	event: IncomingEvent,
	id: number,
	batch: Batch,
	ports: SubscriberPorts,
): Promise<(Target & Limited) | Result> {
	const { name } = event.envelope;
	let found: Subscription | null;
	try {
		found = await ports.subscriptionsOf(name).find(id);
	} catch (error) {
		const { id: eventId } = event.envelope;
		log("subscription_unreadable", {
			event: eventId,
			name,
			subscription: id,
			error,
		});
		return { type: "subscription_unreadable" };
	}
	if (!found) return { type: "subscription_ended" };
	const { app, key } = found;
	const tool = await findTool(found, batch);
	if ("type" in tool) return tool;
	return {
		...tool,
		host: ports.hostFor({ app, subscription: { source: name, key } }),
		adapt(record) {
			const { body, ...head } = JSON.parse(record) as { body: SentBody };
			const input: ToolBody = { input: body.payload, subscription: key };
			return JSON.stringify({ ...head, body: input });
		},
	};
}

/** While a Worker that may have the tool does not list its handlers, it counts as unreachable. */
async function findTool(
	{ app, tool }: Subscription,
	{ workers }: Batch,
): Promise<(Target & Limited) | Result> {
	let isUnreachable = false;
	for (const worker of workers) {
		const routes = await worker.routes();
		isUnreachable ||= !routes;
		const route = routes?.get(qualifiedId(worker.key, toolId(app, tool)));
		if (route) return { worker, route, limiter: worker.limiter };
	}
	return { type: isUnreachable ? "worker_unreachable" : "unknown_handler" };
}
