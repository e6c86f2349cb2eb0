/** The option `workers`: other Workers with handlers, by their keys. It starts none. */
import type { Events } from "../events.ts";

/** The events of a Worker, of any catalogue. */
// biome-ignore lint/suspicious/noExplicitAny: a catalogue is part of the parameters of `on`
export type AnyEvents = Events<any>;

export interface OtherWorker {
	events: AnyEvents;
	/** Its variables and bindings. Default: none but the binding `EVENTS` of the owner. */
	env?: Readonly<Record<string, unknown>>;
}

/** Returns each Worker in its long form. */
export function otherWorkersOf(
	given: Readonly<Record<string, AnyEvents | OtherWorker>> = {},
): Record<string, OtherWorker> {
	return Object.fromEntries(
		Object.entries(given).map(([key, one]) => [
			key,
			"events" in one ? one : { events: one },
		]),
	);
}

/** Returns the events of each Worker. */
export function eventsOf(
	workers: Readonly<Record<string, OtherWorker>>,
): Record<string, AnyEvents> {
	return Object.fromEntries(
		Object.entries(workers).map(([key, { events }]) => [key, events]),
	);
}
