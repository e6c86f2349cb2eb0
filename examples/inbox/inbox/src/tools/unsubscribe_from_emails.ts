import type { Capabilities } from "tidings/apps";

export default async function unsubscribe_from_emails(
	_input: unknown,
	capabilities: Capabilities,
): Promise<{ subscribed: boolean }> {
	await capabilities.event.unsubscribe("@my-org/email", "new_email");

	return { subscribed: false };
}
