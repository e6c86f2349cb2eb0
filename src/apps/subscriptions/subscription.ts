/** A subscription of an app to an event of another app, and the store of one event's subscriptions. Types only. */
import type { Failure } from "../../event/failure.ts";
import type { WebhookReservation } from "../webhooks/webhook-table.ts";
import type { SubscriptionKey } from "./subscription-key.ts";

export interface Subscription {
	/** Unique among the subscriptions of its event, and never used again. */
	id: number;
	/** The app that subscribed. */
	app: string;
	/** The tool of that app, which runs with each event. */
	tool: string;
	key: SubscriptionKey;
}

/** The result of a subscribe. */
export interface Subscribed {
	id: number;
	/** `pending`: the subscription is stored, and `start` is retried while there are subscribers. */
	state: "active" | "pending";
	/** The kind of failure that the event waits for. It contains nothing that the app of the event threw. */
	error?: { code: "start_failed" | "stop_failed"; message: string };
}

/** Selects subscriptions of one app, of one key, or all, in the order of their ids. */
export interface SubscriptionQuery {
	app?: string;
	key?: SubscriptionKey;
	/** Only ids above this one. Default 0. */
	after?: number;
	limit: number;
}

/** The phase of an event's lifecycle between its first subscriber and its last. */
export type Phase = "stopped" | "starting" | "running" | "stopping";

/** The public state of an event. */
export interface SubscriptionsState {
	phase: Phase;
	subscribers: number;
	/** When `start` last succeeded, in epoch milliseconds. Set while the event runs. */
	startedAt?: number;
	/** Why the last attempt of `start` or `stop` failed. Removed by the next success. */
	error?: Failure;
	/** The interval between polls, in milliseconds. */
	poll?: number;
}

/** Stores the subscriptions, the webhook and the lifecycle of one event. */
export interface SubscriptionStore {
	subscribe(one: Omit<Subscription, "id">): Promise<Subscribed>;
	/** Returns false if there is no such subscription. */
	unsubscribe(app: string, key: SubscriptionKey): Promise<boolean>;
	find(id: number): Promise<Subscription | null>;
	/** Lists subscriptions whose keys have every field of the filter, by ids above `after`. */
	match(
		filter: SubscriptionKey,
		after: number,
		limit: number,
	): Promise<Subscription[]>;
	list(query: SubscriptionQuery): Promise<Subscription[]>;
	/** Sets the interval between polls, in milliseconds. */
	poll(interval: number): Promise<void>;
	/** Whether a secret is that of the webhook, and whether the event accepts calls. */
	webhookState(secret: string): Promise<"open" | "closed" | "unknown">;
	webhookSecret(): Promise<string>;
	rotateWebhook(): Promise<string>;
	/**
	 * Reserves a delivery of a webhook or a mail, whose event the caller must then store. `stored`: a queue has accepted
	 * the event. Waits while another call of the delivery may be storing it.
	 */
	reserveDelivery(
		deliveryId: string,
		eventId: string,
	): Promise<Exclude<WebhookReservation, { type: "pending" }>>;
	/** Records that a queue has accepted the event of a delivery. */
	confirmDelivery(deliveryId: string): Promise<void>;
	/** Ends a reservation whose event could not be stored. */
	releaseDelivery(deliveryId: string, until: number): Promise<void>;
	phase(): Promise<Phase>;
	/** Counts the subscribers, which reads as many rows. */
	state(): Promise<SubscriptionsState>;
}
