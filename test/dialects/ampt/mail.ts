/** Where the samples' comments would send an email: it keeps what it was given, and does what a test says. */
import type { HandlerContext, TidingsEvent } from "tidings/ampt";

export interface Mail {
	/** Which sample sends it. */
	from: string;
	email: string;
	event: TidingsEvent | undefined;
	context: HandlerContext | undefined;
}

export const mails: Mail[] = [];

/** What happens at a sample's email; one that a test does not set succeeds. */
export const behaviours = new Map<string, (mail: Mail) => unknown>();

export async function sendWelcomeEmail(
	from: string,
	email: string,
	event?: TidingsEvent,
	context?: HandlerContext,
): Promise<void> {
	const mail = { from, email, event, context };
	mails.push(mail);
	await behaviours.get(from)?.(mail);
}
