/** Accepts mail for an app's event. It does not run the event's handler. */
import type { AppPorts } from "../app-ports.ts";
import { findEvent } from "../directory.ts";
import { enqueueTriggerOnce } from "./enqueue-trigger.ts";
import type { Trigger } from "./trigger.ts";

type Mail = Trigger & { trigger: "mail" };

/**
 * Stores the mail as an event. Returns false, and stores nothing, if the event has no subscribers.
 *
 * @param messageId the `Message-ID` of the mail, if it has one; repetitions are stored once
 * @throws RefusedError for an unknown app or event; UnavailableError if the mail cannot be stored now
 */
export async function acceptMail(
	{ app, event }: { app: string; event: string },
	mail: Mail,
	messageId: string | undefined,
	ports: AppPorts,
): Promise<boolean> {
	const { name, subscriptions } = await findEvent(app, event, ports);
	if ((await subscriptions.phase()) === "stopped") return false;
	await enqueueTriggerOnce(name, mail, deliveryIdOf(mail, messageId), ports);
	return true;
}

/** Longer than any addresses and Message-ID of a valid mail (RFC 5321, 5322). */
const MAX_ID = 2_000;

/** Contains the recipient: a mail to several recipients is delivered once to each, with the same Message-ID. */
function deliveryIdOf(
	{ from, to }: Mail,
	messageId: string | undefined,
): string | undefined {
	if (!messageId) return undefined;
	const id = `mail:${JSON.stringify([from, to, messageId])}`;
	return id.length > MAX_ID ? undefined : id;
}
