/** The owner's side of an app's host: an app's code calls it while it runs, always in the name of that app. */

import { type Duration, milliseconds } from "../event/duration.ts";
import { RefusedError } from "../event/errors.ts";
import type { AppHost, AppIdentity } from "./app-host.ts";
import { appEventName } from "./app-name.ts";
import type { AppPorts } from "./app-ports.ts";
import { findApp } from "./directory.ts";
import { send } from "./send.ts";
import { subscribe, unsubscribe } from "./subscriptions/subscribe.ts";

/** How often an event may be polled, in milliseconds: a minute to 30 days. */
const SHORTEST_POLL = 60_000;
const LONGEST_POLL = 30 * 86_400_000;

export function appHost(identity: AppIdentity, ports: AppPorts): AppHost {
	const { app } = identity;
	return {
		subscribe: (source, event, tool) =>
			subscribe(identity, source, event, tool, ports),
		unsubscribe: (source, event) => unsubscribe(identity, source, event, ports),
		send: (event, sent) => send(app, event, sent, ports),
		async poll(every) {
			const ms = milliseconds(every as Duration, "event.poll");
			const event = pollingOf(identity, ms);
			await ports.subscriptionsOf(appEventName(app, event)).poll(ms);
		},
		grantsOf: async (other) => (await findApp(other, ports)).declaration.grants,
	};
}

/** @throws RefusedError `invalid_request` unless the start of an event calls it */
function pollingOf({ event, isStart }: AppIdentity, ms: number): string {
	if (!isStart || event === undefined)
		throw new RefusedError(
			"invalid_request",
			"event.poll: only the start of an event may ask to be polled",
		);
	if (Number.isFinite(ms) && ms >= SHORTEST_POLL && ms <= LONGEST_POLL)
		return event;
	throw new RefusedError(
		"invalid_request",
		`event.poll: ${ms} ms is not between a minute and 30 days`,
	);
}
