/** What an app's code may ask of the owner of the events while it runs, and in whose name it asks. */
import { type Receipt, RefusedError } from "../event/errors.ts";
import type { Subscribed, Subscription } from "./subscriptions/subscription.ts";
import type { Key } from "./subscriptions/subscription-key.ts";

/** Which app's code is run, and on whose behalf. Set by the owner; the code cannot change it. */
export interface AppIdentity {
	app: string;
	/** The event whose start, handler or stop it is. */
	event?: string;
	/** Whether it is that event's start, which alone may ask to be polled. */
	isStart?: boolean;
	/** Tokens of the user on whose behalf a tool runs. */
	tokens?: readonly string[];
	/** Whether the user asks, and not the app. */
	isUser?: boolean;
	/** The subscription that runs a tool. */
	subscription?: { source: string; key: Key };
}

/** What `event.send` takes. */
export interface AppEventToSend {
	/** A subset of the key's fields. Absent: every subscriber. */
	toSubscribers?: Readonly<Record<string, string | number | boolean>>;
	payload: unknown;
	/** As that of `publish`. */
	after?: unknown;
	/** As that of `publish`. */
	lane?: string;
}

export interface AppHost {
	subscribe(source: string, event: string, tool: string): Promise<Subscribed>;
	unsubscribe(source: string, event: string): Promise<boolean>;
	send(event: string, sent: AppEventToSend): Promise<Receipt>;
	poll(every: unknown): Promise<void>;
	/** The apps that this one lets into its storage. */
	grantsOf(app: string): Promise<readonly string[]>;
}

/** The id of a tool as a handler. */
export function toolId(app: string, tool: string): string {
	return `${app}/${tool}`;
}

export type EventPart = "start" | "handler" | "stop";

/** The id of a part of an event's lifecycle as a handler. */
export function partId(app: string, event: string, part: EventPart): string {
	return `${app}/${event}/${part}`;
}

/** Between a tool and the subscription that runs it. */
const OF = "#";

/** The id of a subscription's deliveries: its tool, and which subscription it is. */
export function subscriberId({ app, tool, id }: Subscription): string {
	return toolId(app, tool) + OF + id;
}

/** Before the subscription that the rest come after. */
const AFTER = ">";

/**
 * The id of the delivery of an event to all of its subscribers after one: in the id, so that a row or a letter
 * of one page is not that of another, and a replay goes on where it ended.
 */
export function remainingSubscribersId(eventName: string, after = 0): string {
	return eventName + OF + (after > 0 ? AFTER + after : "");
}

/** Which subscription a delivery is for, or after which one the rest of them come. */
export function recipientsOf(
	handler: string,
): { subscription: number } | { after: number } {
	const id = handler.slice(handler.lastIndexOf(OF) + OF.length);
	if (id === "") return { after: 0 };
	return id.startsWith(AFTER)
		? { after: Number(id.slice(AFTER.length)) }
		: { subscription: Number(id) };
}

/** What a tool is called with, as an event's body. */
export interface ToolBody {
	input: unknown;
	/** The key of the subscription that runs it. */
	subscription?: Key;
}

/** The body of an event on its way to subscribers. */
export interface SentBody {
	/** Fields that a subscription's key must have; none of them for all. */
	filter: Key;
	payload: unknown;
}

/** @throws RefusedError `invalid_body` for what is no body of an app's event: a person may have edited it */
export function checkSentBody(value: unknown): asserts value is SentBody {
	const { filter, payload } = Object(value);
	if (Array.isArray(filter) && filter.every(isField) && payload !== undefined)
		return;
	throw new RefusedError(
		"invalid_body",
		'body: that of an app\'s event is { "filter": [["email", "ada@example.com"]], "payload": … }, with [] as the filter for every subscriber',
	);
}

function isField(one: unknown): boolean {
	return (
		Array.isArray(one) &&
		one.length === 2 &&
		typeof one[0] === "string" &&
		["string", "number", "boolean"].includes(typeof one[1])
	);
}
