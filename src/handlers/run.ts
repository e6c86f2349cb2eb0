/**
 * Step 5, in the Worker that has the handlers: those that one call names, one after the other, each with its
 * own copy of the event. It reports each as it ends and decides nothing.
 */

import type { AppHost } from "../apps/app-host.ts";
import { type Awaitable, andThen, oneByOne } from "../event/awaitable.ts";
import { eventIn } from "../event/envelope.ts";
import type { Ended } from "../event/outcome.ts";
import { attempt } from "./attempt.ts";
import type { Attempting } from "./attempt-time.ts";
import type { Call, HandlerCall, Reporter } from "./call.ts";
import type { Handler, Handlers, TidingsEvent } from "./handler.ts";

export interface Running extends Attempting {
	handlers: Handlers;
}

/** Without a pause where no handler makes one. @throws or rejects with whatever `report` throws; nothing else */
export function run(
	{ record, parsed, handlers, within }: Call,
	report: Reporter,
	ports: Running,
	door?: AppHost,
): Awaitable<void> {
	let now = ports.clock();
	const until = now + within;
	let unused = parsed;
	return oneByOne(handlers, (called, index) => {
		// The clock is asked as seldom as it can be: its 0.1 us are a twentieth of what a message takes here.
		if (index > 0) now = ports.clock();
		const isLate = now >= until;
		const handler = ports.handlers.get(called.handler);
		if (isLate || !handler) {
			const type = isLate ? "not_begun" : "unknown";
			return report(called.delivery, { type });
		}
		const event = unused ?? eventIn(record);
		unused = undefined;
		const ending = runOne(handler, event, called, now, ports, door);
		return andThen(ending, (ended) => report(called.delivery, ended));
	});
}

function runOne(
	handler: Handler,
	event: TidingsEvent,
	{ attempt: number, timeout, hasOutput }: HandlerCall,
	startedAt: number,
	ports: Running,
	door: AppHost | undefined,
): Awaitable<Ended> {
	const asked = { startedAt, hasOutput, door };
	return attempt(handler, event, number, timeout, ports, asked);
}
