/** Answers with events as CloudEvents. It reads no event. */
import { STRUCTURED_TYPE } from "../../../event/cloud-events/attributes.ts";
import {
	cloudEventInit,
	toCloudEvent,
} from "../../../event/cloud-events/write.ts";
import type { EventHead } from "../../../event/envelope.ts";
import { HttpError } from "../problem.ts";

/** Whether the answer is to be a CloudEvent. */
export function acceptsCloudEvent({ headers }: Request): boolean {
	return headers.get("accept")?.includes(STRUCTURED_TYPE) ?? false;
}

/**
 * Answers with an event as a CloudEvent. Its source is the origin of the request, unless it was published as a
 * CloudEvent.
 *
 * @param what names the event, for the error
 * @throws HttpError `not_found` for a body that is undefined
 */
export function cloudEventAnswer(
	{ url }: Request,
	event: EventHead & { body?: unknown; cloudEvent?: object },
	what: string,
): Response {
	const { body, cloudEvent } = event;
	if (body === undefined)
		throw new HttpError(
			"not_found",
			`the body of ${what} is not stored, or not as a whole, so there is no CloudEvent of it; ask for JSON`,
		);
	const { headers, body: json } = cloudEventInit(
		toCloudEvent(
			{ ...event, body },
			{ source: new URL(url).origin, ...cloudEvent },
		),
	);
	return new Response(json, { headers });
}
