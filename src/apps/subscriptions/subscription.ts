/** A subscription of an app to another app's event, and what can be asked of those of one event. */
import type { Failure } from "../../event/failure.ts";
import type { Key } from "./subscription-key.ts";

export interface Subscription {
	/** Unique among those of its event, and never used again. */
	id: number;
	/** The app that subscribed. */
	app: string;
	/** The tool of that app which runs with each event. */
	tool: string;
	key: Key;
}

/** What a subscribe is answered with. */
export interface Subscribed {
	id: number;
	/** `pending`: it is kept, and `start` is tried again for as long as there are subscribers. */
	state: "active" | "pending";
	/** Why the event has not started. */
	error?: Failure;
}

/** Those of one app, of one key, or all; in the order of their ids. */
export interface SubscriptionQuery {
	app?: string;
	key?: Key;
	/** Only ids above this one. Default 0. */
	after?: number;
	/** How many at the most. */
	limit: number;
}

/** An event's life between its first subscriber and its last. */
export type Phase = "stopped" | "starting" | "running" | "stopping";

/** What can be told of an event's life, and of who wants it. */
export interface SubscriptionsState {
	phase: Phase;
	subscribers: number;
	/** When `start` last succeeded, in epoch milliseconds, while it runs. */
	startedAt?: number;
	/** Why the last attempt of `start` or `stop` failed, until one succeeds. */
	error?: Failure;
	/** Milliseconds from one poll to the next. */
	poll?: number;
}

/** Whether a hook's secret leads to an event, and whether that event wants what comes. */
export type HookState = "open" | "closed" | "unknown";

/** A hook's delivery, whose event is the same however often the sender repeats it. */
export interface Accepted {
	/** The event's id. */
	id: string;
	/** Whether a queue has already accepted it. */
	isQueued: boolean;
}

/** One event's subscriptions, its webhook and its life, wherever they are kept. */
export interface SubscriptionStore {
	subscribe(one: Omit<Subscription, "id">): Promise<Subscribed>;
	/** False when there was none. */
	unsubscribe(app: string, key: Key): Promise<boolean>;
	find(id: number): Promise<Subscription | null>;
	/** Those with all of the filter's fields, by ids above `after`. */
	match(filter: Key, after: number, limit: number): Promise<Subscription[]>;
	list(query: SubscriptionQuery): Promise<Subscription[]>;
	poll(ms: number): Promise<void>;
	hook(secret: string): Promise<HookState>;
	hookSecret(): Promise<string>;
	rotateHook(): Promise<string>;
	/** The event that a sender's delivery is, and whether that is held already. */
	accept(deliveryId: string, eventId: string): Promise<Accepted>;
	confirm(deliveryId: string): Promise<void>;
	phase(): Promise<Phase>;
	/** Counts the subscribers, and reads as many rows. */
	state(): Promise<SubscriptionsState>;
}
