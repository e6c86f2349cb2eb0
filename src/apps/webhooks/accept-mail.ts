/** Accepts mail for an app's event. It does not run the event's handler. */
import type { AppPorts } from "../app-ports.ts";
import { findEvent } from "../directory.ts";
import { digestOf } from "./digest.ts";
import { enqueueTriggerOnce } from "./enqueue-trigger.ts";
import type { Mail } from "./trigger.ts";

/**
 * Stores the mail as an event. Returns false, and stores nothing, if the event has no subscribers.
 *
 * @param messageId the `Message-ID` of the mail, if it has one; only then are repetitions stored once
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
	const deliveryId = messageId && (await deliveryIdOf(mail));
	await enqueueTriggerOnce(name, mail, deliveryId || undefined, ports);
	return true;
}

/**
 * Anybody can send a mail with the `Message-ID` of another one. The id therefore contains everything that the
 * sender's server repeats when it sends the mail again, and how far the sender is authenticated. It contains the
 * recipient: a mail to several recipients is delivered once to each.
 */
async function deliveryIdOf({ from, to, headers, bytes }: Mail) {
	const repeated = Object.entries(headers)
		.filter(([name]) => !HOP_HEADERS.test(name))
		.sort(([one], [other]) => (one < other ? -1 : 1));
	const verdicts = Object.entries(headers).map(([name, value]) =>
		/^(arc-)?authentication-results$/i.test(name)
			? value.match(/\b(dkim|dmarc|spf)=\w+/gi)
			: [],
	);
	const content = await digestOf(contentOf(bytes));
	return `mail:${await digestOf(JSON.stringify([from, to, repeated, verdicts.flat(), content]))}`;
}

/** Headers that each server on the way adds or replaces. */
const HOP_HEADERS =
	/^(received|received-spf|return-path|delivered-to|authentication-results|arc-.+|x-.+|cf-.+)$/i;

/** The bytes after the first empty line. */
function contentOf(bytes: Uint8Array): Uint8Array {
	const CR = 13;
	const LF = 10;
	for (let at = bytes.indexOf(LF); at >= 0; at = bytes.indexOf(LF, at + 1)) {
		const next = bytes[at + 1] === CR ? at + 2 : at + 1;
		if (bytes[next] === LF) return bytes.subarray(next + 1);
	}
	return bytes;
}
