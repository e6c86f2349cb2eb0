import type { Capabilities, WebhookPayload } from "tidings/apps";
import type { Meeting } from "../../calendar.ts";

const BEFORE = 10 * 60_000;

export default async function handler(
	input: WebhookPayload,
	{ event }: Capabilities,
): Promise<void> {
	if (input.trigger !== "hook") throw new Error("expected a webhook");
	const { id, attendee, title, startsAt } = input.json as Meeting;
	const remindAt = startsAt - BEFORE;
	await event.send("meeting_soon", {
		toSubscribers: { email: attendee },
		payload: { meetingId: id, title, startsAt },
		// A meeting that starts sooner is announced at once.
		...(remindAt > Date.now() && { after: remindAt }),
	});
}
