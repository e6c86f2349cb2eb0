/** Step 1, first half: check everything that can be checked of an event, and stamp it. It holds nothing. */
import { dueTime } from "../event/after.ts";
import { type Awaitable, andThen } from "../event/awaitable.ts";
import {
	checkBody,
	type Definition,
	type Schema,
} from "../event/definition.ts";
import { bodyIn, eventBytes, recordOf, sizeOf } from "../event/encode.ts";
import type { EventHead } from "../event/envelope.ts";
import { mapInTurn, RefusedError } from "../event/errors.ts";
import type { Recorded } from "../event/json.ts";
import { CALL_BYTES, CALL_EVENTS, EVENT_BYTES } from "../event/limits.ts";
import { checkName } from "../event/name.ts";
import { checkLane, type Lanes } from "../platform/lane.ts";
import type { PublishRequest } from "./request.ts";

export interface Stamping {
	clock(): number;
	newId(time: number): string;
	lanes: Lanes;
	definitionOf(name: string): Definition | undefined;
}

/** An event that was checked and stamped, and is held nowhere yet. */
export interface StampedEvent extends EventHead, Recorded {
	/** As it counts against the limits: of a small event, of which none depends, the most that it may be. */
	bytes: number;
	dueAt: number | undefined;
	lane: string | undefined;
}

/** All of a batch, or none: at most 1 000 events and 10 MB. @throws RefusedError, with the index */
export function stampAll(
	requests: readonly PublishRequest[],
	ports: Stamping,
): Awaitable<StampedEvent[]> {
	if (requests.length > CALL_EVENTS)
		throw new RefusedError(
			"batch_too_large",
			`${requests.length} events in one batch: at most ${CALL_EVENTS}, send the rest in another`,
		);
	const time = ports.clock();
	const batch = mapInTurn(requests, (request) => stamp(request, time, ports));
	return andThen(batch, checkBytes);
}

function checkBytes(batch: StampedEvent[]): StampedEvent[] {
	const most = sum(batch, ({ bytes }) => bytes);
	const bytes =
		most > CALL_BYTES
			? sum(batch, (event) => eventBytes(event, bodyIn(event)))
			: most;
	if (bytes > CALL_BYTES)
		throw new RefusedError(
			"batch_too_large",
			`${bytes} bytes in one batch: at most ${CALL_BYTES}, send the rest in another`,
		);
	return batch;
}

function sum(
	batch: readonly StampedEvent[],
	bytesOf: (stamped: StampedEvent) => number,
): number {
	return batch.reduce((bytes, stamped) => bytes + bytesOf(stamped), 0);
}

/**
 * Waits only for a schema.
 *
 * @throws RefusedError, or rejects with it
 */
export function stamp(
	request: PublishRequest,
	time: number,
	ports: Stamping,
): Awaitable<StampedEvent> {
	const { name, definition } = request;
	checkName(name);
	const stamped = stampOfApp(request, time, ports);
	const schema = (definition ?? ports.definitionOf(name))?.schema;
	return schema ? checked(stamped, schema) : stamped;
}

async function checked(
	stamped: StampedEvent,
	schema: Schema,
): Promise<StampedEvent> {
	await checkBody(stamped.name, schema, JSON.parse(bodyIn(stamped)));
	return stamped;
}

/**
 * Stamps an app's event, whose name and payload are checked by then.
 *
 * @param most its bytes are fewer
 * @throws RefusedError
 */
export function stampOfApp(
	{ name, body, after, lane }: PublishRequest,
	time: number,
	ports: Pick<Stamping, "newId" | "lanes">,
	most = EVENT_BYTES,
): StampedEvent {
	checkLane(lane, ports.lanes);
	const dueAt = after === undefined ? undefined : dueTime(after, time);
	const delay = dueAt === undefined ? 0 : dueAt - time;
	const id = ports.newId(time);
	const head = { id, name, time, delay };
	const recorded = recordOf(head, lane, body);
	const { record, bodyAt } = recorded;
	const bytes = sizeOf(head, recorded);
	if (bytes >= most)
		throw new RefusedError(
			"event_too_large",
			`${JSON.stringify(name)} has ${bytes} bytes: an event is less than ${most} bytes with its metadata, keep what is larger elsewhere and publish where it is`,
		);
	return { id, name, time, delay, dueAt, lane, record, bodyAt, bytes };
}
