/**
 * What an app's code is given: the capabilities that were declared, and no others. Each asks the owner of the
 * events in the app's name, or the bucket in the app's space.
 */

import type { Duration } from "../event/duration.ts";
import { ForbiddenError, type Receipt } from "../event/errors.ts";
import { bodyText } from "../event/json.ts";
import { withRevivedErrors } from "../publish/transport.ts";
import type { AppEventToSend, AppHost } from "./app-host.ts";
import type { Capability } from "./declaration-schema.ts";
import { type AppStorage, storageOf } from "./storage.ts";
import type { Subscribed } from "./subscriptions/subscription.ts";
import type { Key, KeyValue } from "./subscriptions/subscription-key.ts";

export interface EventCapability {
	/**
	 * Sends an event of this app to its subscribers, those whose key has all of `toSubscribers`; without it to all.
	 *
	 * @throws RefusedError for an event of another app, an unknown or empty field, a payload that its schema refuses
	 */
	send(event: string, sent: AppEventToSend): Promise<Receipt>;
	/**
	 * Subscribes a tool of this app to an event of another, under the user's tokens. Twice is one subscription;
	 * another tool takes the place of the first.
	 *
	 * @throws RefusedError for an unknown app, event or tool, and where the tokens do not have the event's fields
	 */
	subscribe(source: string, event: string, tool: string): Promise<Subscribed>;
	/** Ends a subscription, and what waits for it. False when there was none. */
	unsubscribe(source: string, event: string): Promise<boolean>;
	/** In `start`: runs `handler` with `{ trigger: "poll" }` every so often, until `stop`; a minute at the least. */
	poll(every: Duration): Promise<void>;
}

export interface StorageCapability {
	/** The space of an app: this one's, or one that grants it. */
	use(app: string): AppStorage;
}

export interface Capabilities {
	readonly event: EventCapability;
	readonly storage: StorageCapability;
	/** Where outside services call this event's `handler`. In start, handler and stop. */
	readonly webhookUrl: string;
	/** The key of the subscription that runs this tool; undefined where none does. */
	readonly subscription?: Readonly<Record<string, KeyValue>>;
}

/** What comes with a call. */
export interface Given {
	host: AppHost | undefined;
	webhookUrl?: string | undefined;
	subscription?: Key;
}

/** @param where what has to name a capability that is missing */
export function capabilitiesOf(
	app: string,
	declared: readonly Capability[],
	where: string,
	{ host, webhookUrl, subscription }: Given,
): Capabilities {
	const need = (capability: Capability): AppHost => {
		if (!declared.includes(capability))
			throw new ForbiddenError(
				`${app}: the capability ${JSON.stringify(capability)} is not declared: add it to ${where}`,
			);
		if (host === undefined)
			throw new Error(
				`${app}: the owner of the events runs an older Tidings, without apps: deploy it anew`,
			);
		return host;
	};
	return {
		get event() {
			const owner = need("event");
			return {
				send: (event, sent) =>
					withRevivedErrors(() => owner.send(event, plain(sent))),
				subscribe: (source, event, tool) =>
					withRevivedErrors(() => owner.subscribe(source, event, tool)),
				unsubscribe: (source, event) =>
					withRevivedErrors(() => owner.unsubscribe(source, event)),
				poll: (every) => withRevivedErrors(() => owner.poll(every)),
			} satisfies EventCapability;
		},
		get storage() {
			const owner = need("storage");
			return {
				use: (other) =>
					storageOf(other, async () => {
						if (other === app) return;
						const grants = await withRevivedErrors(() => owner.grantsOf(other));
						if (grants.includes(app)) return;
						throw new ForbiddenError(
							`${app} may not use the storage of ${other}: add ${JSON.stringify(app)} to the "grants" of createApp(${JSON.stringify(other)})`,
						);
					}),
			} satisfies StorageCapability;
		},
		get webhookUrl() {
			if (webhookUrl !== undefined) return webhookUrl;
			throw new Error(
				`${app}: webhookUrl is there for start, handler and stop of an event, and not for tools`,
			);
		},
		...(subscription && { subscription: Object.fromEntries(subscription) }),
	};
}

/** What crosses to the owner is plain JSON, as every body. What is not as it should be the owner refuses. */
function plain(sent: AppEventToSend): AppEventToSend {
	return typeof sent === "object" && sent !== null && sent.payload !== undefined
		? { ...sent, payload: JSON.parse(bodyText(sent.payload)) }
		: sent;
}
