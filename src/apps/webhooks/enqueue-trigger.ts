/**
 * Publishes a trigger of an app's event as an event of its own, once for each delivery id. It does not check whether
 * the trigger is genuine; `accept-webhook.ts` does.
 */
import { timeOf } from "../../event/id.ts";
import { HOOK_EVENT_BYTES } from "../../event/limits.ts";
import { log } from "../../platform/log.ts";
import { publishStamped } from "../../publish/publish.ts";
import { stampChecked } from "../../publish/stamp.ts";
import { triggerName } from "../app-name.ts";
import type { AppPorts } from "../app-ports.ts";
import { bodyOf, type Trigger } from "./trigger.ts";

/**
 * Publishes a trigger durably. Returns the event's id.
 *
 * @param id of the event, if an earlier delivery has one
 * @throws UnavailableError if neither queue nor scheduler stores the event
 */
export async function enqueueTrigger(
	eventName: string,
	trigger: Trigger,
	ports: AppPorts,
	id = ports.newId(ports.clock()),
): Promise<string> {
	const request = { name: triggerName(eventName), body: bodyOf(trigger) };
	// A repetition is the same event, so it has the time of the first delivery.
	const time = timeOf(id) ?? ports.clock();
	const stamped = stampChecked(request, id, time, ports, HOOK_EVENT_BYTES);
	return (await publishStamped(stamped, ports)).id;
}

/**
 * Publishes a trigger unless a queue has already accepted one with this delivery id. The delivery is reserved
 * before the event is published: a concurrent call waits, and a call after a crash publishes the same event.
 *
 * @param deliveryId the sender's id of the delivery; without one, each delivery is a new event
 */
export async function enqueueTriggerOnce(
	eventName: string,
	trigger: Trigger,
	deliveryId: string | undefined,
	ports: AppPorts,
): Promise<string> {
	if (deliveryId === undefined)
		return enqueueTrigger(eventName, trigger, ports);
	const subscriptions = ports.subscriptionsOf(eventName);
	const newId = ports.newId(ports.clock());
	const found = await subscriptions.reserveDelivery(deliveryId, newId);
	const { event: id } = found;
	if (found.type === "stored") return id;
	try {
		await enqueueTrigger(eventName, trigger, ports, id);
	} catch (error) {
		// Without the release, the reservation ends by itself.
		await subscriptions
			.releaseDelivery(deliveryId, found.until)
			.catch(() => {});
		throw error;
	}
	await subscriptions.confirmDelivery(deliveryId).catch((error) => {
		const fields = { event: id, name: eventName, deliveryId, error };
		log("webhook_not_confirmed", fields);
	});
	return id;
}
