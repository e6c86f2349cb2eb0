/**
 * The capabilities that an app's code receives. Only declared ones can be used. Each calls the owner of the events with
 * the identity of the app, or the app's own space in the bucket.
 */
import type { Duration } from "../event/duration.ts";
import { ForbiddenError, type Receipt } from "../event/errors.ts";
import { bodyText } from "../event/json.ts";
import { withRevivedErrors } from "../publish/transport.ts";
import type { ToolSubscription } from "./app-event-body.ts";
import type { AppEventToSend, AppHost } from "./app-host.ts";
import type { AppDeclaration } from "./declaration.ts";
import type { Capability } from "./declaration-schema.ts";
import { checkEventPayload } from "./schema/payload-schema.ts";
import { type AppStorage, storageOf } from "./storage.ts";
import type { Subscribed } from "./subscriptions/subscription.ts";

export interface EventCapability {
	/**
	 * Sends an event of this app to the subscribers whose key has every field of `toSubscribers`. Without it, to all.
	 *
	 * @throws RefusedError `unknown_event` for an event of another app, `invalid_request` for an unknown or empty field,
	 * `schema_violation` for a payload that does not match the event's schema
	 */
	send(event: string, sent: AppEventToSend): Promise<Receipt>;
	/**
	 * Subscribes a tool of this app to an event of another app, for the user whose tokens the call has. Idempotent. A
	 * second subscription with another tool replaces the tool.
	 *
	 * @throws RefusedError `unknown_app`, `unknown_event` or `unknown_tool`; `invalid_token` if the tokens do not have the
	 * event's fields
	 */
	subscribe(source: string, event: string, tool: string): Promise<Subscribed>;
	/** Ends a subscription and cancels its waiting deliveries. Returns false if there is no such subscription. */
	unsubscribe(source: string, event: string): Promise<boolean>;
	/** Runs `handler` with `{ trigger: "poll" }` at this interval until `stop`. Call it in `start`. At least a minute. */
	poll(every: Duration): Promise<void>;
}

export interface StorageCapability {
	/** Returns the space of this app, or of an app whose `grants` list this one. */
	use(app: string): AppStorage;
}

export interface Capabilities {
	readonly event: EventCapability;
	readonly storage: StorageCapability;
	/** The URL at which other services call this event's `handler`. In start, handler and stop only. */
	readonly webhookUrl: string;
	/**
	 * The subscription that runs this tool, if one does: the app and the name of the event, and the user's key. Compare
	 * `source` and `event` before you trust the input.
	 */
	readonly subscription?: {
		readonly source: string;
		readonly event: string;
		readonly key: Readonly<Record<string, string | number | boolean>>;
	};
}

interface CallInput {
	host: AppHost | undefined;
	webhookUrl?: string | undefined;
	subscription?: ToolSubscription;
}

/**
 * @param app the declaration of the app whose code runs
 * @param where the place where a missing capability must be declared, for the error
 */
export function capabilitiesOf(
	{ name: app, events }: Pick<AppDeclaration, "name" | "events">,
	declared: readonly Capability[],
	where: string,
	{ host, webhookUrl, subscription }: CallInput,
): Capabilities {
	const requireCapability = (capability: Capability): AppHost => {
		if (!declared.includes(capability))
			throw new ForbiddenError(
				`${app}: the capability ${JSON.stringify(capability)} is not declared; add it to ${where}`,
			);
		if (host === undefined)
			throw new Error(
				`${app}: the owner of the events runs a version of Tidings without apps; upgrade and deploy it`,
			);
		return host;
	};
	return {
		get event() {
			const owner = requireCapability("event");
			return {
				send: (event, sent) =>
					withRevivedErrors(async () =>
						owner.send(event, checked(app, events, event, plain(sent))),
					),
				subscribe: (source, event, tool) =>
					withRevivedErrors(() => owner.subscribe(source, event, tool)),
				unsubscribe: (source, event) =>
					withRevivedErrors(() => owner.unsubscribe(source, event)),
				poll: (every) => withRevivedErrors(() => owner.poll(every)),
			} satisfies EventCapability;
		},
		get storage() {
			const owner = requireCapability("storage");
			return {
				use: (other) =>
					storageOf(other, async () => {
						if (other === app) return;
						const grants = await withRevivedErrors(() => owner.grantsOf(other));
						if (grants.includes(app)) return;
						throw new ForbiddenError(
							`${app} may not use the storage of ${other}; add ${JSON.stringify(app)} to the "grants" of createApp(${JSON.stringify(other)})`,
						);
					}),
			} satisfies StorageCapability;
		},
		get webhookUrl() {
			if (webhookUrl !== undefined) return webhookUrl;
			throw new Error(
				`${app}: webhookUrl is not available in a tool; use it in start, handler or stop of an event`,
			);
		},
		...(subscription && {
			subscription: {
				...subscription,
				key: Object.fromEntries(subscription.key),
			},
		}),
	};
}

/**
 * Checks the payload here, where the app's own schema may run. The owner rejects an unknown event, and a payload that is
 * too large.
 */
function checked(
	app: string,
	events: AppDeclaration["events"],
	event: string,
	sent: AppEventToSend,
): AppEventToSend {
	const { payload } = Object(sent);
	if (payload !== undefined) checkEventPayload(app, events, event, payload);
	return sent;
}

/** Converts the payload to plain JSON, as every body. The owner rejects any other wrong value. */
function plain(sent: AppEventToSend): AppEventToSend {
	return typeof sent === "object" && sent !== null && sent.payload !== undefined
		? { ...sent, payload: JSON.parse(bodyText(sent.payload, "payload")) }
		: sent;
}
