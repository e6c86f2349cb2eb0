/** Checks events and stamps them with an id and a time, the first half of publishing. It stores nothing. */
import { dueTime } from "../event/after.ts";
import { checkBody, type Schema } from "../event/definition.ts";
import { eventBytes } from "../event/encode.ts";
import type { EventHead } from "../event/envelope.ts";
import { atIndex, RefusedError } from "../event/errors.ts";
import { bodyText } from "../event/json.ts";
import { CALL_BYTES, CALL_EVENTS, EVENT_BYTES } from "../event/limits.ts";
import { checkName } from "../event/name.ts";
import { checkLane } from "../platform/queues.ts";
import type { Ports } from "../ports.ts";
import { type Labels, labelsOf } from "./labels.ts";
import type { PublishRequest } from "./request.ts";

export type StampPorts = Pick<
	Ports,
	| "clock"
	| "newId"
	| "newIds"
	| "activeTrace"
	| "queues"
	| "definitionOf"
	| "checkListed"
>;

/** An event that was checked and stamped, and is not stored yet. */
export interface StampedEvent {
	head: EventHead;
	/** JSON text. */
	body: string;
	/** Size of the event in bytes. */
	bytes: number;
	/** Epoch milliseconds; undefined for an event that is not scheduled. */
	dueAt: number | undefined;
	lane: string | undefined;
	labels: Labels;
}

/**
 * Stamps a batch of 1 to 1 000 events and 10 MB. If one event is invalid, none is stamped.
 *
 * @throws RefusedError `invalid_request` for an empty batch; `batch_too_large`; for an invalid event its own code, with
 * the index
 */
export async function stampAll(
	requests: readonly PublishRequest[],
	ports: StampPorts,
): Promise<StampedEvent[]> {
	if (requests.length === 0)
		throw new RefusedError(
			"invalid_request",
			"the batch has no events; give at least one, or publish nothing",
		);
	if (requests.length > CALL_EVENTS)
		throw new RefusedError(
			"batch_too_large",
			`${requests.length} events in one batch; give at most ${CALL_EVENTS}, and send the rest in another batch`,
		);
	const time = ports.clock();
	const ids = ports.newIds(requests.length, time);
	const trace = ports.activeTrace();
	const batch: StampedEvent[] = [];
	try {
		for (const [index, request] of requests.entries()) {
			const id = ids[index] as string;
			const stamped = checkAndStamp(request, id, time, trace, ports);
			const schema = schemaOf(request, ports);
			// An event without a schema costs no microtask.
			if (schema) await checkSchema(stamped, schema);
			batch.push(stamped);
		}
	} catch (error) {
		throw atIndex(error, batch.length);
	}
	const bytes = batch.reduce((sum, stamped) => sum + stamped.bytes, 0);
	if (bytes > CALL_BYTES)
		throw new RefusedError(
			"batch_too_large",
			`${bytes} bytes in one batch; give at most ${CALL_BYTES}, and send the rest in another batch`,
		);
	return batch;
}

/** @throws RefusedError */
export async function stamp(
	request: PublishRequest,
	time: number,
	ports: StampPorts,
): Promise<StampedEvent> {
	const id = ports.newId(time);
	const stamped = checkAndStamp(request, id, time, ports.activeTrace(), ports);
	const schema = schemaOf(request, ports);
	if (schema) await checkSchema(stamped, schema);
	return stamped;
}

/** @param trace that of an event without its own */
function checkAndStamp(
	request: PublishRequest,
	id: string,
	time: number,
	trace: string | undefined,
	ports: StampPorts,
): StampedEvent {
	checkName(request.name);
	ports.checkListed(request.name);
	const stamped = stampChecked(request, id, time, ports);
	if (trace !== undefined) stamped.labels.trace ??= trace;
	return stamped;
}

function schemaOf(
	{ name, definition }: PublishRequest,
	{ definitionOf }: StampPorts,
): Schema | undefined {
	return (definition ?? definitionOf(name))?.schema;
}

/** The schema checks the body as handlers will receive it, after JSON. */
function checkSchema(
	{ head, body }: StampedEvent,
	schema: Schema,
): Promise<void> {
	return checkBody(head.name, schema, JSON.parse(body));
}

/**
 * Stamps an event whose name the caller has checked. It may be a reserved one.
 *
 * @param limit the event must have fewer bytes
 * @throws RefusedError
 */
export function stampChecked(
	request: PublishRequest,
	id: string,
	time: number,
	ports: Pick<StampPorts, "queues" | "definitionOf">,
	limit = EVENT_BYTES,
): StampedEvent {
	const { name, body, after, lane, definition } = request;
	checkLane(lane, ports.queues);
	const dueAt = after === undefined ? undefined : dueTime(after, time);
	const delay = dueAt === undefined ? 0 : dueAt - time;
	const head = { id, name, time, delay };
	const text = bodyText(body);
	const bytes = eventBytes(head, text);
	if (bytes >= limit)
		throw new RefusedError(
			"event_too_large",
			`${JSON.stringify(name)} has ${bytes} bytes: an event must have less than ${limit} bytes with its metadata; store large data elsewhere and publish where it is`,
		);
	const labels = labelsOf(request, definition ?? ports.definitionOf(name), () =>
		JSON.parse(text),
	);
	return { head, body: text, bytes, dueAt, lane, labels };
}
