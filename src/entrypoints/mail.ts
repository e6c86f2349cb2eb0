/** How mail comes in: Cloudflare Email Routing hands it to an app's event. */

import { acceptMail } from "../apps/webhooks/accept.ts";
import { HOOK_BYTES } from "../event/limits.ts";
import type { Events } from "../events.ts";
import { portsOf, registrationOf } from "../registration.ts";

/**
 * An `email` for `worker(events, { email })` that hands each message to an event of an app: its `handler` gets
 * `{ trigger: "mail", from, to, headers, bytes }`. Mail over 256 KB, or while nobody is subscribed, is rejected;
 * what cannot be held now throws, so that the sender's server tries again.
 *
 * @example
 * export default worker(events, { email: mailTo(events, "@my-org/email", "new_email") });
 */
export function mailTo(
	events: Events,
	app: string,
	event: string,
): (message: ForwardableEmailMessage) => Promise<void> {
	registrationOf(events);
	return async (message) => {
		if (message.rawSize > HOOK_BYTES)
			return message.setReject(`the mail has more than ${HOOK_BYTES} bytes`);
		const { from, to } = message;
		const headers = Object.fromEntries(message.headers);
		const bytes = new Uint8Array(await new Response(message.raw).arrayBuffer());
		const mail = { trigger: "mail" as const, from, to, headers, bytes };
		const messageId = headers["message-id"];
		if (!(await acceptMail({ app, event }, mail, messageId, portsOf(events))))
			message.setReject("nobody takes this mail now");
	};
}
