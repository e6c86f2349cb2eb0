/** Step 1 for apps: an event of an app, checked by what the app declares, becomes an event for its subscribers. */

import { type Receipt, RefusedError } from "../event/errors.ts";
import { bodyText } from "../event/json.ts";
import { rejectUnknownKeys } from "../event/validation.ts";
import { publishStamped } from "../publish/publish.ts";
import { stampReserved } from "../publish/stamp.ts";
import type { AppEventToSend, SentBody } from "./app-host.ts";
import { appEventName } from "./app-name.ts";
import type { AppPorts } from "./app-ports.ts";
import { eventIn, findApp } from "./directory.ts";
import { checkPayload } from "./payload-schema.ts";
import { filterOf, keyFields } from "./subscriptions/subscription-key.ts";

/**
 * Sends one of the app's own events.
 *
 * @throws RefusedError for an event that the app does not have, a field that is unknown or empty, a payload that
 * its schema refuses; UnavailableError when queue or scheduler cannot take it now
 */
export async function send(
	app: string,
	event: string,
	sent: AppEventToSend,
	ports: AppPorts,
): Promise<Receipt> {
	const { declaration } = await findApp(app, ports);
	const { tokens, payload: schema } = eventIn(declaration, event);
	if (typeof sent !== "object" || sent === null)
		throw new RefusedError(
			"invalid_request",
			"event.send takes (event, { toSubscribers?, payload, after?, lane? })",
		);
	rejectUnknownKeys("event.send", sent, [
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
	return publishStamped(stampReserved(request, ports.clock(), ports), ports);
}
