/** Door: tsc.run's events, and its configuration read as it stands. Subscribers are found by their names. */
import type { Receipt } from "../event/errors.ts";
import { RefusedError } from "../event/errors.ts";
import type { Events } from "../events.ts";
import type { HandlerContext } from "../handlers/handler.ts";
import { handlerAt, SUBSCRIBER_EXPORTS } from "../handlers/modules.ts";
import { bus } from "./bus.ts";

/** What a subscriber gets. */
export type Event<T = unknown> = {
	/** The event's name. */
	type: string;
	/** The body as it was emitted. */
	data: T;
};

/** What a subscriber's file exports, as `default`, `handler` or `handle`. */
export type Subscriber<T = unknown> = (
	event: Event<T>,
	context: HandlerContext,
) => unknown;

/** `tsc-run.config.ts`. What is not named here is tsc.run's own, and ignored with one notice. */
export interface TscRunConfig {
	events?: {
		eventBus?: string;
		/** By the name of the subscriber's file in `src/subscribers/`: the events, or patterns of them, that it gets. */
		subscribers?: Readonly<Record<string, { events: readonly string[] }>>;
	};
	[other: string]: unknown;
}

export const events = {
	/**
	 * Publishes an event. Resolves when it is held durably; it arrives without `await`, too.
	 *
	 * @throws RefusedError for what cannot be accepted (256 KB, a name that is none); ForbiddenError; UnavailableError
	 */
	emit<T>(type: string, data: T): Promise<Receipt> {
		return bus.publish<unknown>(type, data);
	},
};

/**
 * Registers the subscribers of a configuration, and answers with the bus for `worker`.
 *
 * @throws RefusedError `invalid_handler` for a subscriber without a list of events
 * @example
 * export default worker(tscRun(config));
 */
export function tscRun(config: TscRunConfig): Events {
	const { events = {}, ...ignored } = config;
	const { subscribers = {}, ...others } = events;
	const members = [
		...Object.keys(ignored),
		...Object.keys(others).map((member) => `events.${member}`),
	];
	for (const [name, subscriber] of Object.entries(subscribers)) {
		const { events: names, ...rest } = Object(subscriber);
		subscribe(name, names);
		for (const member of Object.keys(rest))
			members.push(`events.subscribers.${name}.${member}`);
	}
	notice(members);
	return bus;
}

function subscribe(name: string, names: readonly string[]): void {
	if (!Array.isArray(names))
		throw new RefusedError(
			"invalid_handler",
			`tsc-run: the subscriber ${JSON.stringify(name)} has no list of events: give it events: ["user.registered"]`,
		);
	const file = `src/subscribers/${name}`;
	const resolve = handlerAt({
		file,
		exports: SUBSCRIBER_EXPORTS,
	});
	// The id is the path alone: the list of events may grow while a retry waits.
	bus.on(names, { id: file }, ({ name: type, body: data }, context) =>
		resolve()({ type, data } satisfies Event, context),
	);
}

function notice(ignored: string[]): void {
	if (ignored.length > 0)
		console.info(
			`tidings: tsc-run.config.ts: ${ignored.join(", ")}: without a meaning here, ignored`,
		);
}
