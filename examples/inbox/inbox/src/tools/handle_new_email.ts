import type { Capabilities } from "tidings/apps";

interface NewEmailPayload {
	from: string;
	subject: string;
	snippet?: string;
	messageId: string;
}
interface Output {
	processed: boolean;
}

export default async function handle_new_email(
	input: NewEmailPayload,
	capabilities: Capabilities,
): Promise<Output> {
	// Process the email event
	await capabilities.storage
		.use("@my-org/inbox")
		.put(`/notifications/${input.messageId}.json`, {
			from: input.from,
			subject: input.subject,
			received: Date.now(),
		});

	return { processed: true };
}
