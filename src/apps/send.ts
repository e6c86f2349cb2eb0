/**
 * Sends an event of an app to its subscribers, after checks against the app's declaration. The app's own Worker has
 * checked the payload: no schema of another Worker runs here. It delivers nothing.
 */
import { type Receipt, RefusedError } from "../event/errors.ts";
import { bodyText } from "../event/json.ts";
import { rejectUnknownKeys, show } from "../event/validation.ts";
import { publishStamped } from "../publish/publish.ts";
import { stampChecked } from "../publish/stamp.ts";
import type { SentBody } from "./app-event-body.ts";
import type { AppEventToSend } from "./app-host.ts";
import { appEventName } from "./app-name.ts";
import type { AppPorts } from "./app-ports.ts";
import { eventIn, findApp } from "./directory.ts";
import { filterOf, keyFields } from "./subscriptions/subscription-key.ts";

/**
 * Sends one of the app's own events.
 *
 * @throws RefusedError `unknown_event`, `invalid_request` for an unknown or empty field; UnavailableError if neither
 * queue nor scheduler stores the event
 */
export async function send(
	app: string,
	event: string,
	sent: AppEventToSend,
	ports: AppPorts,
): Promise<Receipt> {
	const { declaration } = await findApp(app, ports);
	const { tokens } = eventIn(declaration, event);
	if (typeof sent !== "object" || sent === null)
		throw new RefusedError(
			"invalid_request",
			`event.send: the second argument is ${show(sent)}; use { toSubscribers?, payload, after?, lane? }`,
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
			"event.send: toSubscribers is undefined; leave it out to send to every subscriber",
		);
	const filter = filterOf(keyFields(tokens), sent.toSubscribers);
	const name = appEventName(app, event);
	const payload = JSON.parse(bodyText(sent.payload, "payload"));
	const body: SentBody = { filter, payload };
	const { after, lane } = sent;
	const request = {
		name,
		body,
		...(after !== undefined && { after }),
		...(lane !== undefined && { lane }),
	};
	const time = ports.clock();
	const stamped = stampChecked(request, ports.newId(time), time, ports);
	return publishStamped(stamped, ports);
}
