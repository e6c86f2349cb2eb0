/** The bodies of an app's events: on their way to subscribers, and as the subscribers' tools receive them. */
import { RefusedError } from "../event/errors.ts";
import type { SubscriptionKey } from "./subscriptions/subscription-key.ts";

/** The body of an event on its way to subscribers. */
export interface SentBody {
	/** Fields that a subscription's key must have. An empty filter selects every subscriber. */
	filter: SubscriptionKey;
	payload: unknown;
}

/** The subscription that runs a tool, and the event that it is to. */
export interface ToolSubscription {
	/** The app that sent the event. */
	source: string;
	/** The event's short name. */
	event: string;
	key: SubscriptionKey;
}

/** The body with which a tool runs. */
export interface ToolBody {
	input: unknown;
	subscription?: ToolSubscription;
}

/**
 * Checks an edited body before its replay.
 *
 * @throws RefusedError `invalid_body`
 */
export function checkSentBody(value: unknown): asserts value is SentBody {
	const { filter, payload } = Object(value);
	if (Array.isArray(filter) && filter.every(isField) && payload !== undefined)
		return;
	throw new RefusedError(
		"invalid_body",
		'body: it is not the body of an app\'s event; use { "filter": [["email", "ada@example.com"]], "payload": … }, with the filter [] for every subscriber',
	);
}

/** Checks that an edited filter selects by fields of the event. @throws RefusedError `invalid_body` */
export function checkFilter(
	fields: readonly { name: string }[],
	filter: SubscriptionKey,
): void {
	const known = fields.map(({ name }) => name);
	const unknown = filter.find(([name]) => !known.includes(name));
	if (unknown)
		throw new RefusedError(
			"invalid_body",
			`body: filter: unknown field ${JSON.stringify(unknown[0])}; use ${known.join(", ") || "[], because the event has no fields"}`,
		);
}

function isField(value: unknown): boolean {
	return (
		Array.isArray(value) &&
		value.length === 2 &&
		typeof value[0] === "string" &&
		["string", "number", "boolean"].includes(typeof value[1])
	);
}
