/**
 * Consumes a batch: each message gets exactly one verdict. It never throws, because a throw would redeliver the whole
 * batch. A message's kind follows from its queue, and from its envelope if the two differ.
 */
import { type Decoded, decode, type ReceivedEvent } from "../event/envelope.ts";
import { PARSED_CHARACTERS } from "../event/limits.ts";
import { isAllHandlersId } from "../handlers/route.ts";
import { log } from "../platform/log.ts";
import type { QueueRole } from "../platform/queue-names.ts";
import { Batch } from "./concurrency.ts";
import { storeFromQueue } from "./dead-letter-queue.ts";
import { decide } from "./decide.ts";
import { deliver, findHandler } from "./deliver.ts";
import { dispatch, dispatchToWorker } from "./dispatch.ts";
import {
	answer,
	type ConsumePorts,
	type IncomingMessage,
	settleUnreadable,
	type Verdict,
} from "./settle.ts";

/** Answers every message of a batch. Never rejects. */
export async function consume(
	messages: readonly IncomingMessage[],
	role: QueueRole,
	ports: ConsumePorts,
): Promise<void> {
	const batch = new Batch(ports);
	await Promise.all(
		messages.map(async (message) => {
			answer(message, await verdictOn(message, role, batch, ports));
		}),
	);
}

async function verdictOn(
	message: IncomingMessage,
	role: QueueRole,
	batch: Batch,
	ports: ConsumePorts,
): Promise<Verdict> {
	try {
		const decoded = decode(message.body);
		return decoded.kind === "envelope"
			? await handle(withoutLargeBody(decoded), message, role, batch, ports)
			: await reject(decoded, message, role, ports);
	} catch (error) {
		const { id, attempts } = message;
		const delaySeconds = redeliveryDelay(attempts);
		log("message_failed", { message: id, attempts, delaySeconds, error });
		return { type: "retry", delaySeconds };
	}
}

/** The main path of a message with a readable envelope. */
async function handle(
	event: ReceivedEvent,
	message: IncomingMessage,
	role: QueueRole,
	batch: Batch,
	ports: ConsumePorts,
): Promise<Verdict> {
	const { delivery, name, deadLetter } = event.envelope;
	if (role === "deadLetters" || deadLetter)
		return batch.limiter.run(event, () =>
			storeFromQueue(event, message, ports),
		);
	if (ports.extension.owns(name))
		return ports.extension.deliver(event, message, batch, ports);
	if (!delivery) return dispatch(event, message, batch, ports);
	const worker = batch.workerFor(delivery.handler);
	if (isAllHandlersId(delivery.handler, worker.key))
		return dispatchToWorker(event, delivery, worker, message, batch, ports);
	return worker.limiter.run(event, () =>
		deliver(
			event,
			delivery,
			() => findHandler(event, delivery, worker, ports),
			message,
			ports,
		),
	);
}

/** A large body waits as text for its handlers: a hundred parsed bodies could exceed the memory of an isolate. */
function withoutLargeBody({ envelope, text }: ReceivedEvent): ReceivedEvent {
	if (text.length <= PARSED_CHARACTERS) return { envelope, text };
	const { body: _, ...rest } = envelope;
	return { envelope: rest, text };
}

/** A message that this deploy cannot read waits for a newer deploy, or becomes a dead letter. */
async function reject(
	raw: Exclude<Decoded, { kind: "envelope" }>,
	message: IncomingMessage,
	role: QueueRole,
	ports: ConsumePorts,
): Promise<Verdict> {
	const { attempts, timestamp } = message;
	const now = ports.clock();
	// The dead-letter queue is the last stop: nothing waits there.
	const age =
		role === "deadLetters"
			? Number.POSITIVE_INFINITY
			: now - timestamp.getTime();
	const reads = role === "deadLetters" ? Number.POSITIVE_INFINITY : attempts;
	const result =
		raw.kind === "newer"
			? ({ type: "message_newer", version: raw.version, age, reads } as const)
			: ({ type: "message_unreadable", reason: raw.reason } as const);
	const delivery = { handler: "", attempt: attempts };
	const attempted = { result, delivery, startedAt: now };
	const fate = decide(attempted, now, ports.random());
	return settleUnreadable(raw, fate, message, ports);
}

/** Seconds: 5, doubling, at most an hour. A queue's 100 retries then span four days. */
function redeliveryDelay(attempts: number): number {
	return Math.min(5 * 2 ** (attempts - 1), 3_600);
}
