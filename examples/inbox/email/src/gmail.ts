/** Client of the external mail service. `mail-service.ts` plays that service. */
import { env } from "cloudflare:workers";
import type { WebhookPayload } from "tidings/apps";

interface Notification {
	id: string;
	recipient: string;
	from: string;
	subject: string;
	snippet: string;
}

/** The URL of the mail service. */
const service = () => (env as unknown as { MAIL_SERVICE: string }).MAIL_SERVICE;

export async function registerGmailWebhook(webhook: {
	url: string;
	topic: string;
}): Promise<void> {
	await request("PUT", webhook);
}

export async function unregisterGmailWebhook(): Promise<void> {
	await request("DELETE");
}

export function parseGmailNotification(input: WebhookPayload): Notification {
	if (input.trigger !== "hook") throw new Error("expected a webhook");
	return input.json as Notification;
}

async function request(method: string, body?: unknown): Promise<void> {
	const response = await fetch(`${service()}/webhook`, {
		method,
		...(body !== undefined && { body: JSON.stringify(body) }),
	});
	if (!response.ok)
		throw new Error(`the mail service answered ${response.status}`);
}
