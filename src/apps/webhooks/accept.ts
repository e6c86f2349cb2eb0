/**
 * Step 1 for apps: what comes to an event from outside, a call of its webhook, a poll, or mail. Of a call: whether
 * the URL is known and open, whether the app takes the request for genuine, and whether it was delivered before.
 */

import { timeOf } from "../../event/id.ts";
import { HOOK_EVENT_BYTES } from "../../event/limits.ts";
import { log } from "../../platform/log.ts";
import { publishStamped } from "../../publish/publish.ts";
import { stampReserved } from "../../publish/stamp.ts";
import { appEventName } from "../app-name.ts";
import type { AppPorts } from "../app-ports.ts";
import { findEvent } from "../directory.ts";
import {
	bodyOf,
	type HookRequest,
	identityOfTrigger,
	type Trigger,
	type TriggerBody,
	triggerName,
} from "./trigger.ts";

export type Accepted =
	/** It is held, as an event with this id. */
	| { type: "held"; id: string }
	/** A handshake: this is to be answered. */
	| { type: "answered"; response: Response }
	/** No such URL, or not any more. */
	| { type: "unknown" }
	/** The event has no subscribers. */
	| { type: "closed" }
	/** The app does not take it for genuine. */
	| { type: "refused" }
	/** A GET that is no handshake: whoever only looks at the URL, as previews of links do, delivers nothing. */
	| { type: "looked_at" };

/**
 * @param deliveryId the sender's own, where it has one: what comes again under it is held once
 * @throws RefusedError for an unknown app or event; UnavailableError when it can be held nowhere now
 */
export async function acceptHook(
	{ app, event, secret }: { app: string; event: string; secret: string },
	request: HookRequest,
	deliveryId: string | undefined,
	ports: AppPorts,
): Promise<Accepted> {
	const { name, appWorker, subscriptions } = await findEvent(app, event, ports);
	const state = await subscriptions.hook(secret);
	if (state !== "open") return { type: state };
	const received = await appWorker.receive(name, request);
	if (received.type !== "accepted") return received;
	if (/^(GET|HEAD)$/.test(request.method)) return { type: "looked_at" };
	const comes = { trigger: "hook" as const, ...request };
	return {
		type: "held",
		id: await holdOnce(name, comes, deliveryId, ports),
	};
}

/**
 * Mail for an app's event. False when nobody is subscribed.
 *
 * @param messageId its `Message-ID`, if it has one
 * @throws RefusedError for an unknown app or event; UnavailableError when it can be held nowhere now
 */
export async function acceptMail(
	{ app, event }: { app: string; event: string },
	mail: Trigger & { trigger: "mail" },
	messageId: string | undefined,
	ports: AppPorts,
): Promise<boolean> {
	const { name, subscriptions } = await findEvent(app, event, ports);
	if ((await subscriptions.phase()) === "stopped") return false;
	await holdOnce(name, mail, mailId(mail, messageId), ports);
	return true;
}

/** Longer than any address and Message-ID that a mail server takes (RFC 5321, 5322). */
const MAX_MAIL_ID = 2_000;

/** A mail to several people comes once for each, always with the same Message-ID. */
function mailId(
	{ from, to }: Trigger & { trigger: "mail" },
	messageId: string | undefined,
): string | undefined {
	if (!messageId) return undefined;
	const id = `mail:${JSON.stringify([from, to, messageId])}`;
	return id.length > MAX_MAIL_ID ? undefined : id;
}

/** What comes again under the sender's id is the same event, and is sent again only until it is held. */
async function holdOnce(
	eventName: string,
	comes: Trigger,
	deliveryId: string | undefined,
	ports: AppPorts,
): Promise<string> {
	if (deliveryId === undefined) return trigger(eventName, comes, ports);
	const subscriptions = ports.subscriptionsOf(eventName);
	const newId = ports.newId(ports.clock());
	const { id, isQueued } = await subscriptions.accept(deliveryId, newId);
	if (isQueued) return id;
	await trigger(eventName, comes, ports, id);
	await subscriptions.confirm(deliveryId).catch((error) => {
		log("hook_not_confirmed", {
			event: id,
			name: eventName,
			deliveryId,
			error,
		});
	});
	return id;
}

/**
 * Holds what comes for an event's handler durably, as an event of its own.
 *
 * @param id the event's, where the sender's delivery has one already, of when it first came
 * @returns the event's id
 */
export async function trigger(
	eventName: string,
	comes: Trigger,
	ports: AppPorts,
	id?: string,
): Promise<string> {
	const request = { name: triggerName(eventName), body: bodyOf(comes) };
	const time = timeOf(id) ?? ports.clock();
	const newId = () => id ?? ports.newId(time);
	const stamping = { newId, queues: ports.queues };
	const stamped = stampReserved(request, time, stamping, HOOK_EVENT_BYTES);
	return (await publishStamped(stamped, ports)).id;
}

/**
 * The record of a trigger with the webhook's URL, as it is now, for its handler; any other record as it is. It is in
 * no record that is kept, for whoever reads dead letters could call it.
 */
export async function withWebhookUrl(
	eventName: string,
	record: string,
	{
		subscriptionsOf,
		webhookUrl,
	}: Pick<AppPorts, "subscriptionsOf" | "webhookUrl">,
): Promise<string> {
	const of = identityOfTrigger(eventName);
	if (!of?.event) return record;
	const name = appEventName(of.app, of.event);
	const secret = await subscriptionsOf(name).hookSecret();
	const { body, ...head } = JSON.parse(record) as { body: TriggerBody };
	const whole = { ...body, webhookUrl: webhookUrl(name, secret) };
	return JSON.stringify({ ...head, body: whole });
}
