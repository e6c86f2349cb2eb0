/** The ids that deliveries to apps have: tools, lifecycle parts, subscriptions. It looks nothing up. */
import { identityOfTrigger } from "./app-name.ts";
import type { Subscription } from "./subscriptions/subscription.ts";

/** The id of a tool as a handler. */
export function toolId(app: string, tool: string): string {
	return `${app}/${tool}`;
}

/** The id of a part of an event's lifecycle as a handler. */
export function partId(
	app: string,
	event: string,
	part: "start" | "handler" | "stop",
): string {
	return `${app}/${event}/${part}`;
}

/** Separates a tool or an event from the subscriptions that the delivery is for. */
const SUBSCRIPTIONS = "#";

/** The id of a delivery to one subscription: its tool, and the id of the subscription. */
export function subscriberId({ app, tool, id }: Subscription): string {
	return toolId(app, tool) + SUBSCRIPTIONS + id;
}

/** Marks the id of the last subscription that earlier pages have served. */
const AFTER = ">";

/**
 * The id of a delivery to all subscribers whose ids are above `after`. The position is a part of the id, so that rows
 * and dead letters of two pages differ, and a replay continues at its page.
 */
export function remainingSubscribersId(eventName: string, after = 0): string {
	return eventName + SUBSCRIPTIONS + (after > 0 ? AFTER + after : "");
}

/** The id of the first delivery of an event: to all its subscribers, or to the handler of a trigger. */
export function wholeEventId(eventName: string): string {
	const trigger = identityOfTrigger(eventName);
	return trigger
		? partId(trigger.app, trigger.event, "handler")
		: remainingSubscribersId(eventName);
}

/** Returns the subscription that a delivery is for, or the position after which its subscribers begin. */
export function recipientsOf(
	handler: string,
): { subscription: number } | { after: number } {
	const start = handler.lastIndexOf(SUBSCRIPTIONS) + SUBSCRIPTIONS.length;
	const id = handler.slice(start);
	if (id === "") return { after: 0 };
	return id.startsWith(AFTER)
		? { after: Number(id.slice(AFTER.length)) }
		: { subscription: Number(id) };
}
