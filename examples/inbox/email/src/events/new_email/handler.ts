import type { Capabilities, WebhookPayload } from "tidings/apps";
import { parseGmailNotification } from "../../gmail.ts";

export default async function handler(
	input: WebhookPayload,
	capabilities: Capabilities,
): Promise<void> {
	// Parse the webhook data
	const email = parseGmailNotification(input);

	// Send event to matching subscribers
	await capabilities.event.send("new_email", {
		toSubscribers: {
			email: email.recipient,
		},
		payload: {
			from: email.from,
			subject: email.subject,
			snippet: email.snippet,
			messageId: email.id,
		},
	});
}
