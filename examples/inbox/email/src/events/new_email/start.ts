import type { Capabilities } from "tidings/apps";
import { registerGmailWebhook } from "../../gmail.ts";

export default async function start(capabilities: Capabilities): Promise<void> {
	// Register webhook with external service
	await registerGmailWebhook({
		url: capabilities.webhookUrl,
		topic: "new_email",
	});
}
