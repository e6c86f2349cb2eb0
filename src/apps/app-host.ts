/** The calls that an app's code can make to the owner of the events while it runs. Types only. */
import type { Receipt } from "../event/errors.ts";
import type { ToolSubscription } from "./app-event-body.ts";
import type { Subscribed } from "./subscriptions/subscription.ts";

/** The app whose code runs, and on whose behalf. The owner sets it; the app's code cannot change it. */
export interface AppIdentity {
	app: string;
	/** The event whose start, handler or stop runs. */
	event?: string;
	/** Whether it is the event's start. Only start may request polls. */
	isStart?: boolean;
	/** Tokens of the user on whose behalf a tool runs. */
	tokens?: readonly string[];
	/** Whether a user, or another Worker for a user, made the call, and not the app's own code. */
	isUser?: boolean;
	/** The subscription that runs a tool. */
	subscription?: ToolSubscription;
}

/** The argument of `event.send`. */
export interface AppEventToSend {
	/** Fields that a subscription's key must have. Default: every subscriber. */
	toSubscribers?: Readonly<Record<string, string | number | boolean>>;
	payload: unknown;
	/** The delay or the time, as in `publish`. */
	after?: unknown;
	/** The lane, as in `publish`. */
	lane?: string;
}

export interface AppHost {
	subscribe(source: string, event: string, tool: string): Promise<Subscribed>;
	unsubscribe(source: string, event: string): Promise<boolean>;
	send(event: string, sent: AppEventToSend): Promise<Receipt>;
	poll(every: unknown): Promise<void>;
	/** Lists the apps that may use the storage of this app. */
	grantsOf(app: string): Promise<readonly string[]>;
}
