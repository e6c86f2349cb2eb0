/** Runs the handlers of one call in the Worker that has them, one after the other. It decides nothing. */
import { eventIn } from "../event/envelope.ts";
import type { Outcome } from "../event/outcome.ts";
import type { Ports } from "../ports.ts";
import { attempt } from "./attempt.ts";
import type { Call, Reporter } from "./call.ts";
import type { HandlerRegistry } from "./registry.ts";

/**
 * Gives each handler its own copy of the event, and reports each outcome as soon as the handler has ended.
 *
 * @throws the error of `report`; then no further handler runs
 */
export async function run(
	{ record, decoded, handlers, within }: Call,
	report: Reporter,
	registry: HandlerRegistry,
	ports: Pick<Ports, "clock" | "timer">,
	host?: object,
): Promise<void> {
	const until = ports.clock() + within;
	let first = decoded;
	for (const { deliveryHandler, handler: id, ...options } of handlers) {
		const handler = registry.get(id);
		let outcome: Outcome;
		if (ports.clock() >= until) outcome = { type: "not_started" };
		else if (!handler) outcome = { type: "unknown_handler" };
		else {
			const event = first ?? eventIn(record);
			first = undefined;
			outcome = await attempt(handler, event, { ...options, host }, ports);
		}
		await report(deliveryHandler, outcome);
	}
}
