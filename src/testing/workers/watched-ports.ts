/** Ports that report what passes through them, and change nothing. */

import type { Queues, RecordQueue } from "../../platform/queues.ts";
import type { PayloadStore, Ports } from "../../ports.ts";

/** Receives what is stored or sent, before it is. */
interface PortWatcher {
	/** The body of an event that is stored apart from its record. */
	body(id: string, text: string): void;
	/** The record of a scheduled event, or of a delivery that waits. */
	row(record: string): void;
	/** A message. */
	message(record: string): void;
	/** The queue did not accept the message. */
	rejected(record: string): void;
}

export function watchedQueues(queues: Queues, watcher: PortWatcher): Queues {
	const watched = (queue: RecordQueue): RecordQueue => ({
		send: (record, delaySeconds) =>
			send([record], () => queue.send(record, delaySeconds)),
		sendBatch: (records) => send(records, () => queue.sendBatch(records)),
	});
	async function send(records: readonly string[], act: () => Promise<void>) {
		// Before the send: the message may be delivered before its sender has an answer.
		for (const record of records) watcher.message(record);
		try {
			await act();
		} catch (error) {
			for (const record of records) watcher.rejected(record);
			throw error;
		}
	}
	return {
		...queues,
		events: (lane) => watched(queues.events(lane)),
		retries: (lane) => watched(queues.retries(lane)),
		deadLetters: watched(queues.deadLetters),
	};
}

export function watchedStores(
	{ scheduler, payloads }: Pick<Ports, "scheduler" | "payloads">,
	watcher: PortWatcher,
): { scheduler: Ports["scheduler"]; payloads: PayloadStore } {
	return {
		scheduler: {
			...scheduler,
			store(rows) {
				for (const { record } of rows) watcher.row(record);
				return scheduler.store(rows);
			},
		},
		payloads: {
			...payloads,
			put(key, text, until) {
				watcher.body(key, text);
				return payloads.put(key, text, until);
			},
		},
	};
}
