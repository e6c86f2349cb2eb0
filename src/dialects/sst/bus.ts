/** `EventBus`: the buses of a Worker by their ids, and their subscribers. All of them share one queue. */

import { event, type Schema } from "../../event/definition.ts";
import { RefusedError } from "../../event/errors.ts";
import { rejectUnknownKeys } from "../../event/validation.ts";
import type { ModuleFunction } from "../../handlers/modules.ts";
import { ownsEvents } from "../../platform/environment.ts";
import { registrationOf } from "../../registration.ts";
import { bus } from "../bus.ts";
import { schemaFor } from "./handler.ts";
import {
	checkTypes,
	found,
	refusal,
	type Subscriber,
	type SubscriberProps,
} from "./subscriber.ts";
import { type Evt, isFor } from "./wire.ts";

export interface EventBusProps {
	defaults?: {
		/** Retries of a subscriber that fails, with exponential backoff. Default 10. */
		retries?: number;
	};
}

/** SST waits 2 seconds, 4, 8, up to 15 minutes; its functions have 10 seconds. */
const BACKOFF = {
	backoff: "exponential",
	base: "2 seconds",
	max: "15 minutes",
} as const;
const TIMEOUT = "10 seconds";

const buses = new Map<string, EventBus>();

export class EventBus {
	readonly id: string;
	readonly #retries: number | undefined;

	/**
	 * @param _stack SST's; without a meaning here
	 * @param id tells its events from those of other buses: renaming it orphans events on their way
	 * @throws RefusedError `invalid_request` for an id that another bus has
	 */
	constructor(_stack: unknown, id: string, props: EventBusProps = {}) {
		rejectUnknownKeys("EventBus", props, ["defaults"]);
		rejectUnknownKeys("EventBus: defaults", props.defaults ?? {}, ["retries"]);
		if (typeof id !== "string" || id === "" || buses.has(id))
			throw new RefusedError(
				"invalid_request",
				`EventBus: the id ${JSON.stringify(id)} ${buses.has(id) ? "is taken by another bus" : "is none"}: give it a name of its own`,
			);
		this.id = id;
		this.#retries = props.defaults?.retries;
		buses.set(id, this);
	}

	/**
	 * Runs a subscriber for each event of a type, or of several, that is published on this bus.
	 *
	 * @throws RefusedError `invalid_handler`, `invalid_name`; for a path that leads nowhere only when the Worker starts
	 */
	subscribe(
		types: string | readonly string[],
		subscriber: Subscriber | SubscriberProps,
	): void {
		const props =
			typeof subscriber === "object" && subscriber
				? subscriber
				: { handler: subscriber };
		rejectUnknownKeys("subscribe", props, ["handler", "retries"]);
		const { handler, retries = this.#retries } = props;
		const listed = [types].flat();
		checkTypes(listed);
		const { resolve, source } = found(handler, listed);
		const limit = retries === undefined ? {} : { limit: retries };
		for (const type of listed) {
			const id = `${this.id}:${type}:${source}`;
			if (registrationOf(bus).handlers.get(id))
				throw refusal(
					`${JSON.stringify(type)} has the subscriber ${source} already: give this one another name`,
				);
			bus.on(
				event(type, this.#schemaOf(type, resolve)),
				{
					id,
					timeout: TIMEOUT,
					retries: { ...BACKOFF, ...limit },
				},
				({ name, body }, context) =>
					isFor(this.id, body)
						? resolve()(
								{
									type: name,
									properties: body.properties,
									metadata: body.metadata,
									attempts: context.attempt - 1,
								} satisfies Evt,
								context,
							)
						: undefined,
			);
		}
	}

	/** That of the handler's definition, which is known once the handler is. */
	#schemaOf(type: string, resolve: () => ModuleFunction): Schema {
		return {
			"~standard": {
				version: 1,
				vendor: "tidings",
				validate: (body) =>
					(isFor(this.id, body) &&
						schemaFor(resolve(), type)?.["~standard"].validate(body)) || {
						value: body,
					},
			},
		};
	}
}

/**
 * The id of a bus. Where a Worker only publishes, its buses are made elsewhere, so any id will do there.
 *
 * @throws RefusedError `invalid_request` for one that is not known where the events are handled
 */
export function idOf(named: string | EventBus): string {
	if (named instanceof EventBus) return named.id;
	if (typeof named === "string" && (buses.has(named) || !ownsEvents()))
		return named;
	throw new RefusedError(
		"invalid_request",
		`the event bus ${JSON.stringify(named)} is not known: known are ${[...buses.keys()].join(", ") || "none"}. Import the module with new EventBus(stack, ${JSON.stringify(named)}) in the main module`,
	);
}
