import type { Capabilities } from "tidings/apps";

type Input = unknown;
interface Output {
	subscribed: boolean;
}

export default async function subscribe_to_emails(
	_input: Input,
	capabilities: Capabilities,
): Promise<Output> {
	await capabilities.event.subscribe(
		"@my-org/email", // Source app
		"new_email", // Event name
		"handle_new_email", // Handler tool in your app
	);

	return { subscribed: true };
}
