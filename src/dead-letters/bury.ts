/**
 * Buries a delivery: sends its dead letter to the dead-letter queue. An outage of the store therefore delays no
 * delivery. It decides nothing.
 */
import { recordWith } from "../event/encode.ts";
import type {
	Cause,
	EventHead,
	FinalFailure,
	ReceivedEvent,
} from "../event/envelope.ts";
import type { Failure } from "../event/failure.ts";
import { type ScheduledRow, versionOf } from "../event/scheduled-row.ts";
import { UNKNOWN_HANDLER_ID } from "../handlers/route.ts";
import type { Ports } from "../ports.ts";
import { sendOrStore } from "./send-or-store.ts";
import { bodyOf, storeFailures } from "./store.ts";

type BuryPorts = Pick<
	Ports,
	"queues" | "deadLetters" | "scheduler" | "payloads" | "clock" | "observe"
>;

/**
 * Sends a dead letter to its queue; if that fails, to the store; if that fails too, to the scheduler. Otherwise the
 * handler would run again only because its end was not recorded.
 *
 * @param startedAt when the last attempt started, in epoch milliseconds
 * @throws UnavailableError if none of the three stores it
 */
export async function bury(
	event: ReceivedEvent,
	failure: FinalFailure,
	ports: BuryPorts,
	startedAt?: number,
): Promise<void> {
	const row = rowOf(event, failure);
	const store = () => storeNow(event, failure, ports);
	await sendOrStore("dead_letter", row, store, ports);
	reportDead(event.envelope, failure, ports, startedAt);
}

async function storeNow(
	event: ReceivedEvent,
	failure: FinalFailure,
	ports: BuryPorts,
): Promise<void> {
	const body = await bodyOf(event, ports);
	await storeFailures(event.envelope, [failure], body, ports);
}

/** A row of the delivery. No attempt of it follows, so its version is higher than that of any stored row. */
function rowOf(
	{ envelope, text }: ReceivedEvent,
	failure: FinalFailure,
): Omit<ScheduledRow, "dueAt"> {
	const { id, name, reference = null } = envelope;
	const { handler, attempts, ...rest } = failure;
	const version = versionOf({ ...rest, attempt: attempts + 1 });
	const record = recordWith(text, { deadLetter: failure });
	return { id, handler, name, version, reference, record };
}

/**
 * Buries a message that this deploy cannot read. Its text is the body of the dead letter.
 *
 * @throws UnavailableError if the store is down
 */
export async function buryUnreadable(
	text: string,
	{
		cause,
		error,
		attempts,
	}: { cause: Cause; error: Failure; attempts: number },
	message: { id: string; timestamp: Date },
	ports: BuryPorts,
): Promise<void> {
	const time = message.timestamp.getTime();
	const head = { id: `message-${message.id}`, name: "", time, delay: 0 };
	const failure: FinalFailure = {
		handler: UNKNOWN_HANDLER_ID,
		cause,
		error,
		attempts,
		firstFailureAt: time,
		lastFailureAt: ports.clock(),
	};
	await storeFailures(head, [failure], JSON.stringify(text), ports);
	reportDead(head, failure, ports);
}

export function reportDead(
	{ id, name }: Pick<EventHead, "id" | "name">,
	{ handler, attempts: attempt, cause, error }: FinalFailure,
	{ clock, observe }: Pick<Ports, "clock" | "observe">,
	startedAt?: number,
): void {
	observe({
		type: "dead",
		at: clock(),
		id,
		event: name,
		handler,
		attempt,
		...(startedAt !== undefined && { startedAt }),
		cause,
		error,
	});
}
