/**
 * Step 5, in the Worker that has the handlers: those that one call names, one after the other, each with its
 * own copy of the event. It reports each as it ends and decides nothing.
 */
import { attempt } from "./attempt.ts";
import type { Attempting } from "./attempt-time.ts";
import type { AppDoor } from "./contract/app-door.ts";
import type { Call, HandlerCall, Reporter } from "./contract/call.ts";
import type { Handlers } from "./contract/handler.ts";
import type { Report } from "./contract/outcome.ts";

export interface Running extends Attempting {
	handlers: Handlers;
}

/** @throws whatever `report` throws; nothing else */
export async function run(
	{ record, handlers, within }: Call,
	report: Reporter,
	ports: Running,
	door?: AppDoor,
): Promise<void> {
	const until = ports.clock() + within;
	for (const called of handlers) {
		const isLate = ports.clock() >= until;
		await report(
			called.delivery,
			isLate
				? { type: "not_begun" }
				: await runOne(record, called, ports, door),
		);
	}
}

async function runOne(
	record: string,
	{ handler: id, attempt: number, timeout, hasOutput = false }: HandlerCall,
	ports: Running,
	door?: AppDoor,
): Promise<Report> {
	const handler = ports.handlers.get(id);
	if (!handler) return { type: "unknown" };
	return attempt(handler, JSON.parse(record), number, timeout, ports, {
		hasOutput,
		...(door && { door }),
	});
}
