/**
 * Consumes a batch: each message gets exactly one verdict. It never throws, because a throw would redeliver the whole
 * batch. The role of the queue says how to handle a message. A message with a dead letter, or with the end of a replay,
 * goes to the store, whichever queue it came from.
 */
import {
	decode,
	type ReceivedEvent,
	type Unreadable,
} from "../event/envelope.ts";
import { PARSED_CHARACTERS } from "../event/limits.ts";
import { isAllHandlersId } from "../handlers/route.ts";
import type { Recorder } from "../journal/recorder.ts";
import type { QueueRole } from "../platform/queue-names.ts";
import { Batch } from "./batch.ts";
import { handleDeadLetter } from "./dead-letter-queue.ts";
import { decideUnreadable } from "./decide.ts";
import { deliver, findHandler } from "./deliver.ts";
import { dispatch, dispatchToWorker } from "./dispatch.ts";
import {
	ACK,
	type ConsumePorts,
	type IncomingEvent,
	type Verdict,
} from "./settle.ts";
import { answer, retryLater, settleUnreadable } from "./settle-message.ts";

/** Answers every message of a batch. Never rejects. */
export async function consume(
	messages: readonly Message[],
	role: QueueRole,
	ports: ConsumePorts,
): Promise<void> {
	const batch = new Batch(ports);
	const { journal, observe } = ports;
	const recorder = journal ? journal.startRecording() : null;
	const recording: ConsumePorts = recorder
		? {
				...ports,
				observe(transition) {
					recorder.observe(transition);
					observe(transition);
				},
			}
		: ports;
	await Promise.all(
		messages.map((message) =>
			consumeMessage(message, role, batch, recorder, recording),
		),
	);
	if (recorder) journal?.record(recorder);
}

async function consumeMessage(
	message: Message,
	role: QueueRole,
	batch: Batch,
	recorder: Recorder | null,
	ports: ConsumePorts,
): Promise<void> {
	let event: IncomingEvent | undefined;
	let verdict: Verdict;
	try {
		const decoded = decode(message.body);
		if (decoded.kind === "envelope") {
			event = eventOf(decoded, message);
			recorder?.receive(event, message.timestamp.getTime(), ports.clock());
			verdict = await handle(event, role, batch, ports);
		} else verdict = await reject(decoded, message, role, ports);
	} catch (error) {
		verdict = retryLater(message, event?.envelope.id, role, error);
	}
	answer(message, verdict);
}

/** Finds who answers a message with a readable envelope: the dead-letter store, an extension, or handlers. */
async function handle(
	event: IncomingEvent,
	role: QueueRole,
	batch: Batch,
	ports: ConsumePorts,
): Promise<Verdict> {
	const { delivery, name, deadLetter, resolved } = event.envelope;
	if (ports.extension.drops(event.envelope)) return ACK;
	if (role === "deadLetters" || deadLetter || resolved)
		return batch.limiter.run(event, () => handleDeadLetter(event, ports));
	if (ports.extension.owns(name))
		return ports.extension.deliver(event, batch, ports);
	if (!delivery) return dispatch(event, batch, ports);
	const worker = batch.workerFor(delivery.handler);
	if (isAllHandlersId(delivery.handler, worker.key))
		return dispatchToWorker(event, delivery, worker, batch, ports);
	return worker.limiter.run(event, async () => {
		const target = await findHandler(delivery.handler, worker);
		return deliver(event, delivery, target, ports);
	});
}

/**
 * Drops the parsed body of a large event. It waits as text for its handlers, because a hundred parsed bodies could exceed
 * the memory of an isolate.
 */
function eventOf(
	{ envelope, text }: ReceivedEvent,
	message: Message,
): IncomingEvent {
	if (text.length <= PARSED_CHARACTERS) return { envelope, text, message };
	const { body: _, ...rest } = envelope;
	return { envelope: rest, text, message };
}

/** A message that this deploy cannot read waits for a newer deploy, or becomes a dead letter. */
async function reject(
	unreadable: Unreadable,
	message: Message,
	role: QueueRole,
	ports: ConsumePorts,
): Promise<Verdict> {
	const { attempts: reads, timestamp } = message;
	const age = ports.clock() - timestamp.getTime();
	// The dead-letter queue has no dead-letter queue: a message that waits there too often is deleted.
	const mayWait = role !== "deadLetters";
	const fate = decideUnreadable(unreadable, { age, reads, mayWait });
	return settleUnreadable(unreadable.text, fate, message, ports);
}
