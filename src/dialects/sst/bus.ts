/** `EventBus`: the buses of a Worker by id, and their subscribers. All buses share the queues of the Worker. */
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
	findSubscriber,
	refusal,
	type Subscriber,
	type SubscriberProps,
} from "./subscriber.ts";
import { type Evt, isFor } from "./wire.ts";

export interface EventBusProps {
	defaults?: {
		/** Retries after a failure, with exponential backoff. Default 10. */
		retries?: number;
	};
}

/** As in SST: waits of 2 seconds, 4, 8, up to 15 minutes, and a timeout of 10 seconds. */
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
	 * @param _stack SST's stack; it has no effect here
	 * @param id separates the events of this bus from those of others. After a rename, waiting events have no subscriber
	 * @throws RefusedError `invalid_request` for an empty id, or the id of another bus
	 */
	constructor(_stack: unknown, id: string, props: EventBusProps = {}) {
		rejectUnknownKeys("EventBus", props, ["defaults"]);
		rejectUnknownKeys("EventBus: defaults", props.defaults ?? {}, ["retries"]);
		if (typeof id !== "string" || id === "" || buses.has(id))
			throw new RefusedError(
				"invalid_request",
				`EventBus: the id ${JSON.stringify(id)} ${buses.has(id) ? "belongs to another bus" : "is not an id"}; use a name that no other bus has`,
			);
		this.id = id;
		this.#retries = props.defaults?.retries;
		buses.set(id, this);
	}

	/**
	 * Runs a subscriber for each event of one type, or of several types, that is published on this bus.
	 *
	 * @throws RefusedError `invalid_handler` or `invalid_name`. A path without a module fails when the Worker starts
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
		const { resolve, source, warn } = findSubscriber(handler, listed);
		const limit = retries === undefined ? {} : { limit: retries };
		for (const type of listed) {
			const id = `${this.id}:${type}:${source}`;
			if (registrationOf(bus).handlers.get(id))
				throw refusal(
					`${JSON.stringify(type)} has two subscribers ${source}; give the new one another name, or subscribe it by its path: waiting deliveries and dead letters find the old one by this name`,
				);
			warn(id);
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

	/** Uses the schema of the handler's definition. It looks it up late, because the handler's module may load later. */
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
 * Returns the id of a bus. A Worker that only publishes accepts any id, because another Worker creates the buses.
 *
 * @throws RefusedError `invalid_request` for an unknown bus in the Worker that owns the events
 */
export function idOf(named: string | EventBus): string {
	if (named instanceof EventBus) return named.id;
	if (typeof named === "string" && (buses.has(named) || !ownsEvents()))
		return named;
	throw new RefusedError(
		"invalid_request",
		`the event bus ${JSON.stringify(named)} does not exist; use ${[...buses.keys()].join(", ") || "none"}, or import the module with new EventBus(stack, ${JSON.stringify(named)}) in the main module`,
	);
}
