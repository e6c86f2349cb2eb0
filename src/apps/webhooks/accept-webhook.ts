/**
 * Accepts a call of an app event's webhook. Checks in this order: the URL is known and open, the app accepts the
 * request as genuine, the delivery is new. It does not run the event's handler.
 */
import type { AppPorts } from "../app-ports.ts";
import { findEvent } from "../directory.ts";
import { enqueueTriggerOnce } from "./enqueue-trigger.ts";
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
	/** A GET that is not a handshake, such as a link preview. It stores nothing. */
	| { type: "get" };

/**
 * Stores the call as an event.
 *
 * @param deliveryId the sender's id of the delivery, if it has one; repetitions are stored once
 * @throws RefusedError for an unknown app or event; UnavailableError if the call cannot be stored now
 */
export async function acceptWebhook(
	{ app, event, secret }: { app: string; event: string; secret: string },
	request: HookRequest,
	deliveryId: string | undefined,
	ports: AppPorts,
): Promise<Accepted> {
	const { name, appWorker, subscriptions } = await findEvent(app, event, ports);
	const state = await subscriptions.webhookState(secret);
	if (state !== "open") return { type: state };
	const received = await appWorker.receive(name, request);
	if (received.type !== "accepted") return received;
	if (/^(GET|HEAD)$/.test(request.method)) return { type: "get" };
	const trigger = { trigger: "hook" as const, ...request };
	const id = await enqueueTriggerOnce(name, trigger, deliveryId, ports);
	return { type: "stored", id };
}
