/**
 * Delivers a trigger of an app's event to the event's `handler`, in the app's own Worker alone: only that Worker may
 * have the webhook's URL, and act as the app.
 */
import type { Batch } from "../../consume/batch.ts";
import { deliver } from "../../consume/deliver.ts";
import { firstDelivery } from "../../consume/next-delivery.ts";
import type {
	ConsumePorts,
	IncomingEvent,
	Verdict,
} from "../../consume/settle.ts";
import type { AppHost } from "../app-host.ts";
import type { TriggerIdentity } from "../app-name.ts";
import type { AppPorts } from "../app-ports.ts";
import { partId } from "../delivery-ids.ts";
import { findTarget } from "../find-target.ts";
import { withWebhookUrl } from "./enqueue-trigger.ts";

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
	const { delivery: carried, name } = event.envelope;
	const id = partId(identity.app, identity.event, "handler");
	const delivery = carried ?? firstDelivery(event, id);
	const found = await findTarget(identity.app, id, batch, ports);
	if (!("route" in found))
		return batch.limiter.run(event, () =>
			deliver(event, delivery, async () => found, ports),
		);
	const target = {
		...found,
		host: ports.hostFor(identity),
		adapt: (record: string) => withWebhookUrl(name, record, ports),
	};
	return found.limiter.run(event, () =>
		deliver(event, delivery, async () => target, ports),
	);
}
