/** Implements the core's extension interface for apps. It is the only place where events of the core reach apps. */
import type { Extension } from "../consume/extension.ts";
import { checkSentBody } from "./app-event-body.ts";
import { parseAppEventName } from "./app-name.ts";
import type { AppPorts } from "./app-ports.ts";
import { createAppHost } from "./create-app-host.ts";
import { remainingSubscribersId } from "./delivery-ids.ts";
import { deliverToSubscribers } from "./subscriptions/deliver-to-subscribers.ts";
import { withWebhookUrl } from "./webhooks/enqueue-trigger.ts";
import { identityOfTrigger } from "./webhooks/trigger.ts";

/** @param ports returns the ports of the owner. They contain this extension, so it reads them with each call */
export function appExtension(ports: () => AppPorts): Extension {
	return {
		owns: (name) => parseAppEventName(name) !== undefined,
		deliver: (event, batch, deliverPorts) =>
			deliverToSubscribers(event, batch, {
				...deliverPorts,
				subscriptionsOf: ports().subscriptionsOf,
				hostFor: (identity) => createAppHost(identity, ports()),
			}),
		deadLetterIds: (name) => [remainingSubscribersId(name)],
		checkReplay(name, body) {
			if (parseAppEventName(name)) checkSentBody(body);
		},
		hostFor(name) {
			const identity = identityOfTrigger(name);
			return identity && createAppHost(identity, ports());
		},
		shape: (name, record) => withWebhookUrl(name, record, ports()),
	};
}
