/**
 * Remembers that a batch came from a queue that `TIDINGS_QUEUES` does not name, so that `/health` reports it in every
 * isolate. It neither consumes nor retries the batch.
 */
import { decode } from "../event/envelope.ts";
import { log } from "../platform/log.ts";
import type { Ports } from "../ports.ts";

/** Seconds until an unclaimed batch is redelivered. A hundred redeliveries take four days. */
export const UNCLAIMED_DELAY = 3_600;

/** Longer than a redelivery takes, in milliseconds: each redelivery reports the queue again. */
const RETENTION = (UNCLAIMED_DELAY + 600) * 1_000;

/** The name of the queue is stored like a body, under a key that no event has. */
const KEY = "unclaimed-queue";

/** Whether the messages of a batch carry events of Tidings, judged by the first. */
export function hasEvents({
	messages,
}: Pick<MessageBatch, "messages">): boolean {
	return decode(messages[0]?.body).kind === "envelope";
}

type UnclaimedPorts = Pick<Ports, "payloads" | "clock">;

/** Never rejects: the batch is redelivered, and reported again then. */
export async function reportUnclaimed(
	queue: string,
	{ payloads, clock }: UnclaimedPorts,
): Promise<void> {
	try {
		await payloads.put(KEY, queue, clock() + RETENTION);
	} catch (error) {
		log("queue_unclaimed_not_reported", { queue, error });
	}
}

/** Returns the queue whose batch was reported last. @throws UnavailableError */
export async function unclaimedQueue({
	payloads,
}: Pick<UnclaimedPorts, "payloads">): Promise<string | null> {
	return payloads.get(KEY);
}
