/** Implements the core's extension interface for apps. It is the only place where events of the core reach apps. */
import type { Extension } from "../consume/extension.ts";
import { checkSentBody } from "./app-event-body.ts";
import type { AppIdentity } from "./app-host.ts";
import { parseAppEventName } from "./app-name.ts";
import type { AppPorts } from "./app-ports.ts";
import { createAppHost } from "./create-app-host.ts";
import { partId, remainingSubscribersId } from "./delivery-ids.ts";
import { deliverToSubscribers } from "./subscriptions/deliver-to-subscribers.ts";
import { deliverTrigger } from "./webhooks/deliver-trigger.ts";
import { identityOfTrigger } from "./webhooks/trigger.ts";

/** @param ports returns the ports of the owner. They contain this extension, so it reads them with each call */
export function appExtension(ports: () => AppPorts): Extension {
	return {
		owns: (name) =>
			(parseAppEventName(name) ?? identityOfTrigger(name)) !== undefined,
		deliver(event, batch, consumePorts) {
			const { appWorkers, subscriptionsOf, webhookUrl } = ports();
			const appPorts = {
				...{ ...consumePorts, appWorkers, subscriptionsOf, webhookUrl },
				hostFor: (identity: AppIdentity) => createAppHost(identity, ports()),
			};
			const identity = identityOfTrigger(event.envelope.name);
			return identity
				? deliverTrigger(event, identity, batch, appPorts)
				: deliverToSubscribers(event, batch, appPorts);
		},
		deadLetterIds(name) {
			const trigger = identityOfTrigger(name);
			return trigger
				? [partId(trigger.app, trigger.event, "handler")]
				: [remainingSubscribersId(name)];
		},
		async checkReplay(name, body) {
			if (parseAppEventName(name)) checkSentBody(body);
		},
	};
}
