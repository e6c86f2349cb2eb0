/** The dependencies of apps: those of the core, and what only apps need. Types only. */
import type { Issuers } from "../config/config.ts";
import type { HandlerWorker } from "../handlers/call.ts";
import type { Ports } from "../ports.ts";
import type { AppDeclaration } from "./declaration.ts";
import type { SubscriptionStore } from "./subscriptions/subscription.ts";
import type { HookRequest, Received } from "./webhooks/trigger.ts";

export interface AppPorts extends Ports {
	/** The Workers that may contain apps: the owner of the events first. */
	readonly appWorkers: readonly AppWorker[];
	/** @param name of the event, such as `@my-org/email/new_email` */
	subscriptionsOf(name: string): SubscriptionStore;
	readonly issuers: Issuers;
	/** The public URL of an event's webhook. */
	webhookUrl(eventName: string, secret: string): string;
}

/** A Worker that may contain apps. */
export interface AppWorker {
	readonly worker: HandlerWorker;
	/** Returns its apps, or `undefined` while it does not list them. Apps that it may not have are left out. */
	apps(): Promise<readonly AppDeclaration[] | undefined>;
	/** Whether its last list had this app. While it does not respond, no other Worker can bring the app. */
	had(app: string): boolean;
	/**
	 * Asks an app whether a payload matches the schema of its event.
	 *
	 * @throws RefusedError `schema_violation`; UnavailableError
	 */
	checkPayload(eventName: string, payload: unknown): Promise<void>;
	/** Asks an app whether it accepts a call of its webhook. @throws UnavailableError */
	receive(eventName: string, request: HookRequest): Promise<Received>;
}
