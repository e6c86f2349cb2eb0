/**
 * Step 5, in the Worker that has the handlers: those that one call names, one after the other, each with its
 * own copy of the event. It reports each as it ends and decides nothing.
 */
import { attempt } from "./attempt.ts";
import type { Attempting } from "./attempt-time.ts";
import type { AppDoor } from "./contract/app-door.ts";
import type { Call, HandlerCall, Reporter } from "./contract/call.ts";
import type { Handler, Handlers, TidingsEvent } from "./contract/handler.ts";
import type { Ended } from "./contract/outcome.ts";

export interface Running extends Attempting {
	handlers: Handlers;
}

/** @throws whatever `report` throws; nothing else */
export async function run(
	{ record, parsed, handlers, within }: Call,
	report: Reporter,
	ports: Running,
	door?: AppDoor,
): Promise<void> {
	let now = ports.clock();
	const until = now + within;
	let unused = parsed;
	for (const [index, called] of handlers.entries()) {
		// The clock is asked as seldom as it can be: its 0.1 us are a twentieth of what a message takes here.
		if (index > 0) now = ports.clock();
		const isLate = now >= until;
		const handler = ports.handlers.get(called.handler);
		if (isLate || !handler) {
			const type = isLate ? "not_begun" : "unknown";
			await report(called.delivery, { type });
			continue;
		}
		const event = unused ?? JSON.parse(record);
		unused = undefined;
		// A turn for each handler of each message adds up: only what takes its time is waited for.
		const ending = runOne(handler, event, called, now, ports, door);
		const ended = ending instanceof Promise ? await ending : ending;
		const taking = report(called.delivery, ended);
		if (taking) await taking;
	}
}

function runOne(
	handler: Handler,
	event: TidingsEvent,
	{ attempt: number, timeout, hasOutput = false }: HandlerCall,
	startedAt: number,
	ports: Running,
	door: AppDoor | undefined,
): Ended | Promise<Ended> {
	return attempt(handler, event, number, timeout, ports, {
		startedAt,
		hasOutput,
		...(door && { door }),
	});
}
