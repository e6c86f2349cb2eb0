/**
 * Entry point `tidings/tsc-run`: tsc.run's `events.emit`, and subscribers as its configuration lists them. Subscribers
 * are found by file name. It contains no delivery rules.
 */
import { type Receipt, RefusedError } from "../event/errors.ts";
import type { Events } from "../events.ts";
import type { HandlerContext } from "../handlers/handler.ts";
import { handlerAt, SUBSCRIBER_EXPORTS } from "../handlers/modules.ts";
import { log } from "../platform/log.ts";
import { bus } from "./bus.ts";

/** The first argument of a subscriber. */
export type Event<T = unknown> = {
	/** The event's name. */
	type: string;
	/** The emitted data. */
	data: T;
};

/** The function that a subscriber's file exports as `default`, `handler` or `handle`. */
export type Subscriber<T = unknown> = (
	event: Event<T>,
	context: HandlerContext,
) => unknown;

/** `tsc-run.config.ts`. Other keys belong to tsc.run itself. They are ignored, and one log line lists them. */
export interface TscRunConfig {
	events?: {
		eventBus?: string;
		/** The names or patterns of each subscriber's events, by the name of its file in `src/subscribers/`. */
		subscribers?: Readonly<Record<string, { events: readonly string[] }>>;
	};
	[other: string]: unknown;
}

export const events = {
	/**
	 * Publishes an event. Resolves when the event is stored durably. `await` is optional.
	 *
	 * @throws RefusedError `event_too_large` from 256 KB on, `invalid_name` or `invalid_body`; ForbiddenError without the
	 * permission; UnavailableError if the event cannot be stored now
	 */
	emit<T>(type: string, data: T): Promise<Receipt> {
		return bus.publish<unknown>(type, data);
	},
};

/**
 * Registers the subscribers of a configuration. Returns the events for `worker`.
 *
 * @throws RefusedError `invalid_handler` for a subscriber without a list of events
 * @example
 * export default worker(tscRun(config));
 */
export function tscRun(config: TscRunConfig): Events {
	const { events = {}, ...ignored } = config;
	const { subscribers = {}, ...others } = events;
	const unknown = [
		...Object.keys(ignored),
		...Object.keys(others).map((key) => `events.${key}`),
	];
	for (const [name, subscriber] of Object.entries(subscribers)) {
		const { events: names, ...rest } = Object(subscriber);
		subscribe(name, names);
		for (const key of Object.keys(rest))
			unknown.push(`events.subscribers.${name}.${key}`);
	}
	if (unknown.length > 0)
		log("config_keys_ignored", { file: "tsc-run.config.ts", keys: unknown });
	return bus;
}

function subscribe(name: string, names: readonly string[]): void {
	if (!Array.isArray(names))
		throw new RefusedError(
			"invalid_handler",
			`tsc-run: the subscriber ${JSON.stringify(name)} has no list of events; add one, such as events: ["user.registered"]`,
		);
	const file = `src/subscribers/${name}`;
	const resolve = handlerAt({
		file,
		exports: SUBSCRIBER_EXPORTS,
	});
	// The id is only the path, because the list of events may change while a retry waits.
	bus.on(names, { id: file }, ({ name: type, body: data }, context) =>
		resolve()({ type, data } satisfies Event, context),
	);
}
