/**
 * Delivers an app's event to its subscribers. The subscription is looked up with each attempt: one that has ended
 * receives nothing more, and one that names another tool runs that tool.
 */
import type { Batch } from "../../consume/batch.ts";
import type { Result } from "../../consume/decide.ts";
import { deliver } from "../../consume/deliver.ts";
import type {
	ConsumePorts,
	IncomingEvent,
	Verdict,
} from "../../consume/settle.ts";
import { log } from "../../platform/log.ts";
import type { SentBody, ToolBody } from "../app-event-body.ts";
import type { AppHost, AppIdentity } from "../app-host.ts";
import { parseAppEventName } from "../app-name.ts";
import type { AppPorts } from "../app-ports.ts";
import { recipientsOf, toolId } from "../delivery-ids.ts";
import { type AppTarget, findTarget } from "../find-target.ts";
import { fanOut } from "./fan-out.ts";
import type { Subscription } from "./subscription.ts";

type SubscriberPorts = ConsumePorts &
	Pick<AppPorts, "appWorkers" | "subscriptionsOf"> & {
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
		return batch.limiter.run(event, () => fanOut(event, after, ports));
	}
	const { subscription } = recipients;
	const found = await findSubscriber(event, subscription, batch, ports);
	const limiter = "route" in found ? found.limiter : batch.limiter;
	return limiter.run(event, () => deliver(event, delivery, found, ports));
}

async function findSubscriber(
	event: IncomingEvent,
	subscription: number,
	batch: Batch,
	ports: SubscriberPorts,
): Promise<AppTarget | Result> {
	const { name } = event.envelope;
	let found: Subscription | null;
	try {
		found = await ports.subscriptionsOf(name).find(subscription);
	} catch (error) {
		const { id: eventId } = event.envelope;
		log("subscription_unreadable", {
			event: eventId,
			name,
			subscription,
			error,
		});
		return { type: "subscription_unreadable" };
	}
	if (!found) return { type: "subscription_ended" };
	const { app, key } = found;
	const id = toolId(app, found.tool);
	const tool = await findTarget(app, id, batch, ports);
	if ("type" in tool) return tool;
	const { app: source = "", event: short = "" } = parseAppEventName(name) ?? {};
	const ran = { source, event: short, key };
	return {
		...tool,
		host: ports.hostFor({ app, subscription: ran }),
		adapt(record) {
			const { body, ...head } = JSON.parse(record) as { body: SentBody };
			const input: ToolBody = { input: body.payload, subscription: ran };
			return JSON.stringify({ ...head, body: input });
		},
	};
}
