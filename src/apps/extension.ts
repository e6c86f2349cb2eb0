/** Apps as the core's extension: the only place where the core's events reach apps. */
import type { Extension } from "../consume/extension.ts";
import {
	type AppIdentity,
	checkSentBody,
	remainingSubscribersId,
} from "./app-host.ts";
import { parseAppEventName } from "./app-name.ts";
import type { AppPorts } from "./app-ports.ts";
import { appHost } from "./owner-host.ts";
import { deliverToSubscribers } from "./subscriptions/deliver-to-subscribers.ts";
import { withWebhookUrl } from "./webhooks/accept.ts";
import { identityOfTrigger } from "./webhooks/trigger.ts";

/** @param ports those of the owner, which contain this extension: they are read with each call */
export function appExtension(ports: () => AppPorts): Extension {
	return {
		owns: (name) => parseAppEventName(name) !== undefined,
		deliver: (event, batch, deliverPorts) =>
			deliverToSubscribers(event, batch, {
				...deliverPorts,
				...{ subscriptionsOf: ports().subscriptionsOf },
				hostFor: (identity: AppIdentity) => appHost(identity, ports()),
			}),
		deadLetterIds: (name) => [remainingSubscribersId(name)],
		checkReplay(name, body) {
			if (parseAppEventName(name)) checkSentBody(body);
		},
		hostFor(name) {
			const identity = identityOfTrigger(name);
			return identity && appHost(identity, ports());
		},
		shape: (name, record) => withWebhookUrl(name, record, ports()),
	};
}
