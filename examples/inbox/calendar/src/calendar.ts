/** Client of the external calendar service. `mail-service.ts` plays that service. */
import { env } from "cloudflare:workers";

/** The content of a webhook request for a new meeting. */
export interface Meeting {
	id: string;
	/** An email address. Each attendee gets a notification. */
	attendee: string;
	title: string;
	/** Epoch milliseconds. */
	startsAt: number;
}

/** PUT registers the webhook for new meetings, DELETE removes it. */
export async function webhook(
	method: "PUT" | "DELETE",
	url?: string,
): Promise<void> {
	const { CALENDAR_SERVICE } = env as unknown as { CALENDAR_SERVICE: string };
	const response = await fetch(`${CALENDAR_SERVICE}/webhook`, {
		method,
		...(url !== undefined && {
			body: JSON.stringify({ url, topic: "meetings" }),
		}),
	});
	if (!response.ok)
		throw new Error(`the calendar service answered ${response.status}`);
}
