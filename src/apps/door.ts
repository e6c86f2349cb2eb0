/** The owner's side of what an app's code may ask while it runs: each call is made in the name of that app alone. */

import { appEventName } from "../contract/app.ts";
import type { AppDoor, InName } from "../contract/app-door.ts";
import { type Duration, milliseconds } from "../contract/duration.ts";
import type { Publishing } from "../publish.ts";
import { findApp } from "./directory.ts";
import { send } from "./send.ts";
import {
	pollingOf,
	type Subscribing,
	subscribe,
	unsubscribe,
} from "./subscribe.ts";

export function doorOf(
	inName: InName,
	ports: Publishing & Subscribing,
): AppDoor {
	const { app } = inName;
	return {
		subscribe: (source, event, tool) =>
			subscribe(inName, source, event, tool, ports),
		unsubscribe: (source, event) => unsubscribe(inName, source, event, ports),
		send: (event, sent) => send(app, event, sent, ports),
		async poll(every) {
			const ms = milliseconds(every as Duration, "event.poll");
			const event = pollingOf(inName, ms);
			await ports.subscriptionsOf(appEventName(app, event)).poll(ms);
		},
		grantsOf: async (other) => (await findApp(other, ports)).declaration.grants,
	};
}
