/** Runs the handlers of one call in the Worker that has them, one after the other. It decides nothing. */
import { eventIn } from "../event/envelope.ts";
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
	for (const { delivery, handler: id, ...options } of handlers) {
		const handler = registry.get(id);
		if (ports.clock() >= until) await report(delivery, { type: "not_started" });
		else if (!handler) await report(delivery, { type: "unknown_handler" });
		else {
			const event = first ?? eventIn(record);
			first = undefined;
			const asked = { ...options, host };
			await report(delivery, await attempt(handler, event, asked, ports));
		}
	}
}
