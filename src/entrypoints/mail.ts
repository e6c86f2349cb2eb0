/** Receives mail from Cloudflare Email Routing for an app's event. It stores nothing itself. */
import { HOOK_BYTES } from "../event/limits.ts";
import type { Events } from "../events.ts";
import { appsOf, registrationOf } from "../registration.ts";

/**
 * Creates an `email` handler for `worker(events, { email })`. Each mail runs the event's `handler` with
 * `{ trigger: "mail", from, to, headers, bytes }`. Mail over 256 KB, and mail for an event without subscribers, is
 * rejected. If a mail cannot be stored now, the handler throws and the sender's server tries again.
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
		const { acceptMail } = appsOf(events);
		if (!(await acceptMail({ app, event }, mail, headers["message-id"])))
			message.setReject("this address does not accept mail now");
	};
}
