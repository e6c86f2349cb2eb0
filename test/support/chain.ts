/** A delivery's whole chain of retries in simulated time, between a queue and a scheduler of a few lines. */

import { consume } from "../../src/consume/queue.ts";
import { incoming, read, record } from "./incoming.ts";
import type { TestPorts } from "./ports.ts";

/** When a chain starts. */
export const T0 = Date.UTC(2027, 0, 1);

/**
 * Runs until the delivery to the one handler that fails has ended.
 *
 * @param ports use the simulated clock from now on
 * @returns how the delivery moved, its dead letter, and its duration in milliseconds
 */
export async function runChain(
	name: string,
	ports: TestPorts,
	body: unknown = { n: 1 },
) {
	let now = T0;
	ports.clock = () => now;
	const moves = { sends: 0, stores: 0, longestInQueue: 0, mostReads: 0 };
	let message = incoming(record(name, body, undefined, T0), { sentAt: T0 });
	let from: "events" | "retries" = "events";
	for (;;) {
		await consume([message], from, ports);
		from = "retries";
		const [verdict] = message.verdicts;
		const sent = ports.recorded.retries.pop();
		const row = ports.recorded.rows.pop();
		moves.mostReads = Math.max(moves.mostReads, message.attempts);
		if (typeof verdict === "object") {
			now += (verdict.retry ?? 0) * 1_000;
			const sentAt = message.timestamp.getTime();
			moves.longestInQueue = Math.max(moves.longestInQueue, now - sentAt);
			message = incoming(message.body, {
				attempts: message.attempts + 1,
				sentAt,
			});
		} else if (sent) {
			moves.sends++;
			const sentAt = now;
			now += sent.delaySeconds * 1_000;
			message = incoming(sent.record, { sentAt });
		} else if (row) {
			moves.stores++;
			now = Math.max(now, row.dueAt);
			message = incoming(row.record, { sentAt: now });
		} else break;
	}
	const { deadLetter } = read(ports.recorded.deadLetters[0] ?? "");
	return { moves, letter: deadLetter, end: now - T0 };
}
