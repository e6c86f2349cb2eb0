/** Cancels and reschedules scheduled events for a caller who may publish them. It stores and sends nothing itself. */
import { dueTime } from "../event/after.ts";
import type { Envelope } from "../event/envelope.ts";
import type { Receipt } from "../event/errors.ts";
import { PAYLOAD_RETENTION } from "../event/limits.ts";
import {
	forbiddenMove,
	OWNER,
	type PublishPermission,
	type Requester,
} from "../event/permission.ts";
import type { MoveResult, ScheduledEvent } from "../event/scheduled-row.ts";
import type { PayloadStore, Ports } from "../ports.ts";

type SchedulePorts = Pick<Ports, "scheduler" | "clock" | "observe">;

/**
 * Cancels a scheduled event. Returns false if it is not scheduled any more.
 *
 * @throws ForbiddenError if the requester may not publish the event
 */
export async function cancel(
	id: string,
	{ scheduler, clock, observe }: SchedulePorts,
	by = OWNER,
): Promise<boolean> {
	checkRequester(by);
	const result = await scheduler.cancel(id, by.permission);
	const event = permitted(result, by);
	if (!event) return false;
	observe({ type: "cancelled", at: clock(), id, event: event.name });
	return true;
}

/**
 * Moves a scheduled event to another time. Returns false if it is not scheduled any more.
 *
 * @param after counts from now
 * @throws RefusedError `invalid_after`; ForbiddenError if the requester may not publish the event
 */
export async function reschedule(
	id: string,
	after: unknown,
	{ scheduler, clock, observe }: SchedulePorts,
	by = OWNER,
): Promise<Receipt | false> {
	checkRequester(by);
	const at = clock();
	const dueAt = dueTime(after, at);
	const result = await scheduler.reschedule(id, dueAt, by.permission);
	const event = permitted(result, by);
	if (!event) return false;
	observe({ type: "rescheduled", at, id, event: event.name, dueAt });
	return { id, time: event.time, delay: event.delay };
}

/**
 * A requester without any permission must not learn whether an event exists.
 *
 * @throws ForbiddenError
 */
export function checkRequester(by: Requester): void {
	if (by.permission.length === 0) throw forbiddenMove(by);
}

function permitted(
	result: MoveResult,
	by: Requester,
): ScheduledEvent | undefined {
	if (result === "forbidden") throw forbiddenMove(by);
	return result === "gone" ? undefined : result;
}

/** Returns the record of an event with another due time. */
export function withDueTime(record: string, dueAt: number): string {
	const envelope = JSON.parse(record) as Envelope;
	return JSON.stringify({ ...envelope, delay: dueAt - envelope.time });
}

/**
 * Moves the row of an event. A large body is stored until its new time before the row changes, because a row
 * must never outlive its body.
 *
 * @throws the error of the payload store; the event then keeps its old time
 */
export async function rescheduleRow(
	id: string,
	dueAt: number,
	permission: PublishPermission,
	rows: {
		find(id: string, permission: PublishPermission): MoveResult;
		reschedule(
			id: string,
			dueAt: number,
			permission: PublishPermission,
		): MoveResult;
	},
	payloads: Pick<PayloadStore, "extend">,
): Promise<MoveResult> {
	const found = rows.find(id, permission);
	if (typeof found === "object" && found.reference !== null)
		await payloads.extend(found.reference, dueAt + PAYLOAD_RETENTION);
	return rows.reschedule(id, dueAt, permission);
}
