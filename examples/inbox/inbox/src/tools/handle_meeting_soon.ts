import type { Capabilities } from "tidings/apps";

interface MeetingSoon {
	meetingId: string;
	title: string;
	startsAt: number;
}

export default async function handle_meeting_soon(
	{ meetingId, title, startsAt }: MeetingSoon,
	{ storage, subscription }: Capabilities,
): Promise<void> {
	await storage.use("@my-org/inbox").put(`/reminders/${meetingId}.json`, {
		for: subscription?.key.email,
		title,
		startsAt,
	});
}
