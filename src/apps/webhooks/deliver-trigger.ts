/**
 * Delivers a trigger of an app's event to the event's `handler`, in the app's own Worker alone: only that Worker may
 * have the webhook's URL, and act as the app.
 */
import type { Batch } from "../../consume/batch.ts";
import type { Result } from "../../consume/decide.ts";
import { deliver, type Target } from "../../consume/deliver.ts";
import { firstDelivery } from "../../consume/next-delivery.ts";
import type {
	ConsumePorts,
	IncomingEvent,
	Verdict,
} from "../../consume/settle.ts";
import { log } from "../../platform/log.ts";
import type { AppHost } from "../app-host.ts";
import { appEventName, type TriggerIdentity } from "../app-name.ts";
import type { AppPorts } from "../app-ports.ts";
import { partId } from "../delivery-ids.ts";
import { findTarget } from "../find-target.ts";
import type { TriggerBody } from "./trigger.ts";

type TriggerPorts = ConsumePorts &
	Pick<AppPorts, "appWorkers" | "subscriptionsOf" | "webhookUrl"> & {
		hostFor(identity: TriggerIdentity): AppHost;
	};

/** @throws any error that prevents a verdict; the message is then redelivered */
export async function deliverTrigger(
	event: IncomingEvent,
	identity: TriggerIdentity,
	batch: Batch,
	ports: TriggerPorts,
): Promise<Verdict> {
	const { delivery: carried } = event.envelope;
	const id = partId(identity.app, identity.event, "handler");
	const delivery = carried ?? firstDelivery(event, id);
	const found = await findTarget(identity.app, id, batch, ports);
	if (!("route" in found))
		return batch.limiter.run(event, () =>
			deliver(event, delivery, found, ports),
		);
	return found.limiter.run(event, async () => {
		const target = await withWebhookUrl(event, identity, found, ports);
		return deliver(event, delivery, target, ports);
	});
}

/**
 * Adds the current URL of the webhook to what the handler receives. The URL is in no stored record, because a reader of
 * dead letters could call it.
 */
async function withWebhookUrl(
	event: IncomingEvent,
	identity: TriggerIdentity,
	target: Target,
	{ subscriptionsOf, webhookUrl, hostFor }: TriggerPorts,
): Promise<Target | Result> {
	const name = appEventName(identity.app, identity.event);
	let secret: string;
	try {
		secret = await subscriptionsOf(name).webhookSecret();
	} catch (error) {
		const { id, name } = event.envelope;
		log("subscription_unreadable", { event: id, name, error });
		return { type: "subscription_unreadable" };
	}
	return {
		...target,
		host: hostFor(identity),
		adapt(record) {
			const { body, ...head } = JSON.parse(record) as { body: TriggerBody };
			const extended = { ...body, webhookUrl: webhookUrl(name, secret) };
			return JSON.stringify({ ...head, body: extended });
		},
	};
}
