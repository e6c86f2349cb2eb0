/** Binds the Durable Object of an event, which stores the event's subscriptions. */
import { objectPort } from "../../platform/bindings.ts";
import type { SubscriptionStore } from "./subscription.ts";

/** @param name of the event, such as `@my-org/email/new_email` */
export function boundSubscriptions(name: string): SubscriptionStore {
	return objectPort<SubscriptionStore>("Subscriptions", name, [
		"subscribe",
		"unsubscribe",
		"find",
		"match",
		"list",
		"webhookState",
		"webhookSecret",
		"rotateWebhook",
		"reserveDelivery",
		"confirmDelivery",
		"releaseDelivery",
		"poll",
		"phase",
		"state",
	] as const);
}
