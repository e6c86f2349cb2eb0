import type { Event } from "tidings/tsc-run";
import type { UserRegisteredEvent } from "../../events/user-registered.ts";
import { received } from "../../received.ts";

export default async function sendWelcomeEmail(
	event: Event<UserRegisteredEvent>,
) {
	received.push({ by: "send-welcome-email", event });
}
