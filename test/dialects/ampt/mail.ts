/** Stands in for the email service of the samples: records its input, and does what a test sets. */
import type { HandlerContext, TidingsEvent } from "tidings/ampt";

export interface Mail {
	/** Which sample sends it. */
	from: string;
	email: string;
	event: TidingsEvent | undefined;
	context: HandlerContext | undefined;
}

export const mails: Mail[] = [];

/** The behaviour of each sample. By default it succeeds. */
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
