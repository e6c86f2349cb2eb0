/** The subscriptions of one event as a port: one Durable Object for each event. */
import { objectPort } from "../../platform/bindings.ts";
import type { SubscriptionStore } from "./subscription.ts";

/** @param name of the event, such as `@my-org/email/new_email` */
export function boundSubscriptions(name: string): SubscriptionStore {
	return objectPort<SubscriptionStore>("Subscriptions", name, [
		...(["subscribe", "unsubscribe", "find", "match", "list"] as const),
		...(["hook", "hookSecret", "rotateHook", "accept", "confirm"] as const),
		...(["poll", "phase", "state"] as const),
	]);
}
