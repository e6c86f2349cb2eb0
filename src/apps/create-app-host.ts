/** Creates the host of an app: each call runs in the owner, with the identity of that app. */
import { type Duration, milliseconds } from "../event/duration.ts";
import { RefusedError } from "../event/errors.ts";
import type { AppHost, AppIdentity } from "./app-host.ts";
import { appEventName } from "./app-name.ts";
import type { AppPorts } from "./app-ports.ts";
import { findApp } from "./directory.ts";
import { send } from "./send.ts";
import { subscribe, unsubscribe } from "./subscriptions/subscribe.ts";

/** The interval between polls, in milliseconds: a minute to 30 days. */
const SHORTEST_POLL = 60_000;
const LONGEST_POLL = 30 * 86_400_000;

export function createAppHost(identity: AppIdentity, ports: AppPorts): AppHost {
	const { app } = identity;
	return {
		subscribe: (source, event, tool) =>
			subscribe(identity, source, event, tool, ports),
		unsubscribe: (source, event) => unsubscribe(identity, source, event, ports),
		send: (event, sent) => send(app, event, sent, ports),
		async poll(every) {
			const interval = milliseconds(every as Duration, "event.poll");
			const event = checkPoll(identity, interval);
			await ports.subscriptionsOf(appEventName(app, event)).poll(interval);
		},
		grantsOf: async (other) => (await findApp(other, ports)).declaration.grants,
	};
}

/** Returns the event that is to be polled. @throws RefusedError `invalid_request` */
function checkPoll({ event, isStart }: AppIdentity, interval: number): string {
	if (!isStart || event === undefined)
		throw new RefusedError(
			"invalid_request",
			"event.poll: it was called outside start; only the start of an event may set the interval of its polls",
		);
	if (interval >= SHORTEST_POLL && interval <= LONGEST_POLL) return event;
	throw new RefusedError(
		"invalid_request",
		`event.poll: ${interval} ms is not a poll interval; use 1 minute to 30 days`,
	);
}
