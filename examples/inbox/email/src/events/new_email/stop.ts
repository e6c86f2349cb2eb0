import type { Capabilities } from "tidings/apps";
import { unregisterGmailWebhook } from "../../gmail.ts";

export default async function stop(_capabilities: Capabilities): Promise<void> {
	// Remove webhook registration
	await unregisterGmailWebhook();
}
