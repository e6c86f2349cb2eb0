/** Implements the interface of apps. It is the only place where the core and the entry points reach apps. */
import { checkFilter, checkSentBody } from "../app-event-body.ts";
import type { AppIdentity } from "../app-host.ts";
import {
	identityOfTrigger,
	isAppsEvent,
	parseAppEventName,
} from "../app-name.ts";
import type { AppPorts } from "../app-ports.ts";
import { createAppHost } from "../create-app-host.ts";
import { wholeEventId } from "../delivery-ids.ts";
import { findEvent } from "../directory.ts";
import { runPart, runTool } from "../run-tool.ts";
import { deliverToSubscribers } from "../subscriptions/deliver-to-subscribers.ts";
import { subscribe, unsubscribe } from "../subscriptions/subscribe.ts";
import { keyFields } from "../subscriptions/subscription-key.ts";
import { acceptMail } from "../webhooks/accept-mail.ts";
import { deliverTrigger } from "../webhooks/deliver-trigger.ts";
import { enqueueTrigger } from "../webhooks/enqueue-trigger.ts";
import { checkTriggerBody } from "../webhooks/trigger.ts";
import type { AppsExtension } from "./extension.ts";

/** @param ports returns the ports of the owner. They contain this extension, so it reads them with each call */
export function appExtension(ports: () => AppPorts): AppsExtension {
	return {
		get ports() {
			return ports();
		},
		owns: isAppsEvent,
		drops: () => false,
		deliver(event, batch, consumePorts) {
			const { appWorkers, subscriptionsOf, webhookUrl } = ports();
			const appPorts = {
				...consumePorts,
				appWorkers,
				subscriptionsOf,
				webhookUrl,
				hostFor: (identity: AppIdentity) => createAppHost(identity, ports()),
			};
			const identity = identityOfTrigger(event.envelope.name);
			return identity
				? deliverTrigger(event, identity, batch, appPorts)
				: deliverToSubscribers(event, batch, appPorts);
		},
		deadLetterIds: (name) => [wholeEventId(name)],
		async checkReplay(name, body) {
			if (identityOfTrigger(name)) checkTriggerBody(body);
			const { app, event } = parseAppEventName(name) ?? {};
			if (app === undefined || event === undefined) return;
			checkSentBody(body);
			const { appWorker, declared } = await findEvent(app, event, ports());
			checkFilter(keyFields(declared.tokens), body.filter);
			await appWorker.checkPayload(name, body.payload);
		},
		runTool: (app, tool, input, tokens) =>
			runTool(app, tool, input, tokens, ports()),
		subscribe: (caller, source, event, tool) =>
			subscribe(caller, source, event, tool, ports()),
		unsubscribe: (caller, source, event) =>
			unsubscribe(caller, source, event, ports()),
		acceptMail: (to, mail, messageId) =>
			acceptMail(to, mail, messageId, ports()),
		runLifecycle: (name, part, secret) =>
			runPart(name, part, ports().webhookUrl(name, secret), ports()),
		async enqueuePoll(name) {
			await enqueueTrigger(name, { trigger: "poll" }, ports());
		},
	};
}
