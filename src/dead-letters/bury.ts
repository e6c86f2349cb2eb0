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
import { log } from "../platform/log.ts";
import type { Ports } from "../ports.ts";
import { bodyOf, storeFailures } from "./store.ts";

type BuryPorts = Pick<
	Ports,
	("queues" | "deadLetters" | "scheduler" | "payloads") | ("clock" | "observe")
>;

/** A dead letter that was stored nowhere else is sent again after this long, in milliseconds. */
const DEAD_LETTER_WAIT = 60_000;

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
	const { envelope } = event;
	const { handler } = failure;
	const ids = { event: envelope.id, name: envelope.name, handler };
	const record = recordWith(event.text, { deadLetter: failure });
	try {
		await ports.queues.deadLetters.send(record);
	} catch (error) {
		log("dead_letter_enqueue_failed", { ...ids, error });
		await storeNow(event, failure, ports).catch(async (error) => {
			log("dead_letter_store_failed", { ...ids, error });
			await ports.scheduler.store([rowOf(event, failure, record, ports)]);
		});
	}
	reportDead(envelope, failure, ports, startedAt);
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
	{ envelope }: ReceivedEvent,
	{ handler, attempts, ...failure }: FinalFailure,
	record: string,
	{ clock }: BuryPorts,
): ScheduledRow {
	const { id, name, reference = null } = envelope;
	const dueAt = clock() + DEAD_LETTER_WAIT;
	const version = versionOf({ ...failure, attempt: attempts + 1 });
	return { id, handler, name, dueAt, version, reference, record };
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
		handler: "",
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
		...{ type: "dead", at: clock(), id, event: name, handler, attempt },
		...(startedAt !== undefined && { startedAt }),
		...{ cause, error },
	});
}
