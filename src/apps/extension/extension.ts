/**
 * All that the Worker that owns the events asks of apps. `app-extension.ts` implements it; `absent-apps.ts` stands in for
 * it in a Worker without apps, so that it bundles none of their code. Types only.
 */
import type { Settings } from "../../config/settings.ts";
import type { Extension } from "../../consume/extension.ts";
import type { AttemptOutcome } from "../../event/outcome.ts";
import type { Ports } from "../../ports.ts";
import type { App } from "../app.ts";
import type { AppIdentity } from "../app-host.ts";
import type { AppPorts } from "../app-ports.ts";
import type { AppBinding } from "../app-workers.ts";
import type { Subscribed } from "../subscriptions/subscription.ts";
import type { Mail } from "../webhooks/trigger.ts";

export interface AppsExtension extends Extension {
	/** For the routes of apps. Null without apps. */
	readonly ports: AppPorts | null;
	/** Runs a tool at once. @throws RefusedError, ToolFailedError, UnavailableError as `run-tool.ts` says */
	runTool(
		app: string,
		tool: string,
		input: unknown,
		tokens: readonly string[],
	): Promise<unknown>;
	/** @throws RefusedError, ForbiddenError, UnavailableError as `subscribe.ts` says */
	subscribe(
		caller: AppIdentity,
		source: string,
		event: string,
		tool: string,
	): Promise<Subscribed>;
	/** Returns false if there is no such subscription. @throws as `subscribe` */
	unsubscribe(
		caller: AppIdentity,
		source: string,
		event: string,
	): Promise<boolean>;
	/** Returns false if the event has no subscribers. @throws RefusedError, UnavailableError as `accept-mail.ts` says */
	acceptMail(
		to: { app: string; event: string },
		mail: Mail,
		messageId: string | undefined,
	): Promise<boolean>;
	/** For the object of an event: see `platform/object-context.ts`. */
	runLifecycle(
		eventName: string,
		part: "start" | "stop",
		webhookSecret: string,
	): Promise<AttemptOutcome>;
	/** For the object of an event: see `platform/object-context.ts`. */
	enqueuePoll(eventName: string): Promise<void>;
}

/** The Worker that owns the events. */
export interface AppsOwner {
	/** Contains the extension, so it exists only when the extension is called. */
	ports(): Ports;
	/** The apps of `createEvents`. */
	readonly apps: readonly App[];
	/** Finds the binding of each other Worker by its key, anew for each call. */
	readonly bindings: ReadonlyMap<string, () => AppBinding>;
	readonly settings: Settings;
	/** The prefix of `/hooks`. */
	readonly prefix: string;
}

/** @throws Error that names what the owner must add or change, if its apps and its configuration do not fit */
export type Extend = (owner: AppsOwner) => AppsExtension;
