/**
 * Accepts a call of an app event's webhook. Checks in this order: the URL is known and open, the app accepts the
 * request as genuine, the delivery is new. It does not run the event's handler.
 */
import type { AppPorts } from "../app-ports.ts";
import { findEvent } from "../directory.ts";
import { enqueueTriggerOnce } from "./enqueue-trigger.ts";
import { withoutSecrets } from "./remove-secrets.ts";
import type { HookRequest } from "./trigger.ts";

type Accepted =
	/** The call is stored as an event with this id. */
	| { type: "stored"; id: string }
	/** The call was a handshake. Respond with this. */
	| { type: "answered"; response: Response }
	/** The URL does not exist, or does not exist any more. */
	| { type: "unknown" }
	/** The event has no subscribers. */
	| { type: "closed" }
	/** The app rejects the request as not genuine. */
	| { type: "refused" }
	/** The app's code threw. */
	| { type: "failed" }
	/** The method is not one of an event. It stores nothing. */
	| { type: "no_event" };

/** The methods of events. Others are safe, such as the GET of a link preview and the OPTIONS of a browser. */
export const EVENT_METHODS = ["POST", "PUT", "PATCH", "DELETE"];

/**
 * Stores the call as an event. Repetitions of a delivery are stored once.
 *
 * @param read reads the request. It is called only if the URL is known and open
 * @throws RefusedError for an unknown app or event; UnavailableError if the call cannot be stored now
 */
export async function acceptWebhook(
	{ app, event, secret }: { app: string; event: string; secret: string },
	read: () => Promise<Omit<HookRequest, "webhookUrl">>,
	ports: AppPorts,
): Promise<Accepted> {
	const { name, appWorker, subscriptions } = await findEvent(app, event, ports);
	const state = await subscriptions.webhookState(secret);
	if (state !== "open") return { type: state };
	const webhookUrl = ports.webhookUrl(name, secret);
	const request = { ...(await read()), webhookUrl };
	const received = await appWorker.receive(name, request);
	if (received.type === "answered") return received;
	if (!EVENT_METHODS.includes(request.method)) return { type: "no_event" };
	if (received.type !== "accepted") return received;
	const { deliveryId, secretNames } = received;
	const trigger = withoutSecrets(request, secret, secretNames);
	const id = await enqueueTriggerOnce(name, trigger, deliveryId, ports);
	return { type: "stored", id };
}
