/** Step 1 for apps: an event of an app, checked by what the app declares, becomes an event for its subscribers. */
import { appEventName } from "../contract/app.ts";
import type { Sent, SentBody } from "../contract/app-door.ts";
import type { Consumers } from "../contract/call.ts";
import { type Receipt, RefusedError } from "../contract/errors.ts";
import { bodyText } from "../contract/json.ts";
import { checkMembers } from "../contract/members.ts";
import { checkPayload } from "../contract/payload-schema.ts";
import { filterOf, keyFields } from "../contract/subscription-key.ts";
import { type Publishing, publishStamped } from "../publish.ts";
import { stampOfApp } from "../stamp.ts";
import { eventIn, findApp } from "./directory.ts";

/**
 * Sends one of the app's own events.
 *
 * @throws RefusedError for an event that the app does not have, a field that is unknown or empty, a payload that
 * its schema refuses; UnavailableError when queue or scheduler cannot take it now
 */
export async function send(
	app: string,
	event: string,
	sent: Sent,
	ports: Publishing & { consumers: Consumers },
): Promise<Receipt> {
	const { declaration } = await findApp(app, ports);
	const { tokens, payload: schema } = eventIn(declaration, event);
	if (typeof sent !== "object" || sent === null)
		throw new RefusedError(
			"invalid_request",
			"event.send takes (event, { toSubscribers?, payload, after?, lane? })",
		);
	checkMembers("event.send", sent, [
		"toSubscribers",
		"payload",
		"after",
		"lane",
	]);
	if ("toSubscribers" in sent && sent.toSubscribers === undefined)
		throw new RefusedError(
			"invalid_request",
			"event.send: toSubscribers is undefined: leave it out to send to every subscriber",
		);
	const filter = filterOf(keyFields(tokens), sent.toSubscribers);
	const name = appEventName(app, event);
	const payload = JSON.parse(bodyText(sent.payload));
	checkPayload(name, schema, payload);
	const body: SentBody = { filter, payload };
	const { after, lane } = sent;
	const request = {
		name,
		body,
		...(after !== undefined && { after }),
		...(lane !== undefined && { lane }),
	};
	return publishStamped(stampOfApp(request, ports.clock(), ports), ports);
}
