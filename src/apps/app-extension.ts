/** Implements the core's extension interface for apps. It is the only place where events of the core reach apps. */
import type { Extension } from "../consume/extension.ts";
import { checkFilter, checkSentBody } from "./app-event-body.ts";
import type { AppIdentity } from "./app-host.ts";
import { parseAppEventName } from "./app-name.ts";
import type { AppPorts } from "./app-ports.ts";
import { createAppHost } from "./create-app-host.ts";
import { partId, remainingSubscribersId } from "./delivery-ids.ts";
import { findEvent } from "./directory.ts";
import { deliverToSubscribers } from "./subscriptions/deliver-to-subscribers.ts";
import { keyFields } from "./subscriptions/subscription-key.ts";
import { deliverTrigger } from "./webhooks/deliver-trigger.ts";
import { checkTriggerBody, identityOfTrigger } from "./webhooks/trigger.ts";

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
			if (identityOfTrigger(name)) checkTriggerBody(body);
			const { app, event } = parseAppEventName(name) ?? {};
			if (app === undefined || event === undefined) return;
			checkSentBody(body);
			const { appWorker, declared } = await findEvent(app, event, ports());
			checkFilter(keyFields(declared.tokens), body.filter);
			await appWorker.checkPayload(name, body.payload);
		},
	};
}
