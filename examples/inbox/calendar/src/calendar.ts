/** The outside calendar service, as the calendar app talks to it: the program that plays it is `mail-service.ts`. */
import { env } from "cloudflare:workers";

/** What it sends to the webhook of each new meeting. */
export interface Meeting {
	id: string;
	/** An address; one notification for each who attends. */
	attendee: string;
	title: string;
	/** Epoch milliseconds. */
	startsAt: number;
}

/** PUT tells it where to send meetings, DELETE that nobody wants them any more. */
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
