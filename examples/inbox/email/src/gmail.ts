/** The outside mail service, as the email app talks to it: a program that plays it is `mail-service.ts`. */
import { env } from "cloudflare:workers";
import type { WebhookPayload } from "tidings/apps";

interface Notification {
	id: string;
	recipient: string;
	from: string;
	subject: string;
	snippet: string;
}

/** Where the mail service answers. */
const service = () => (env as unknown as { MAIL_SERVICE: string }).MAIL_SERVICE;

export async function registerGmailWebhook(webhook: {
	url: string;
	topic: string;
}): Promise<void> {
	await asked("PUT", webhook);
}

export async function unregisterGmailWebhook(): Promise<void> {
	await asked("DELETE");
}

export function parseGmailNotification(input: WebhookPayload): Notification {
	if (input.trigger !== "hook") throw new Error("expected a webhook");
	return input.json as Notification;
}

async function asked(method: string, body?: unknown): Promise<void> {
	const response = await fetch(`${service()}/webhook`, {
		method,
		...(body !== undefined && { body: JSON.stringify(body) }),
	});
	if (!response.ok)
		throw new Error(`the mail service answered ${response.status}`);
}
