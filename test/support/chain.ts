/** One delivery's whole chain under simulated time, between a queue and a scheduler of a few lines. */

import { consume } from "../../src/consume/queue.ts";
import { incoming, read, record } from "./incoming.ts";
import type { TestPorts } from "./ports.ts";

/** When a chain begins. */
export const T0 = Date.UTC(2027, 0, 1);

/**
 * Runs until the one handler that fails has ended; tells what carried its attempts, and when it ended.
 *
 * @param ports their clock is the simulated one from here on
 */
export async function runChain(
	name: string,
	ports: TestPorts,
	body: unknown = { n: 1 },
) {
	let now = T0;
	ports.clock = () => now;
	const moves = { sends: 0, holds: 0, longestInQueue: 0, mostTries: 0 };
	let message = incoming(record(name, body, undefined, T0), { sentAt: T0 });
	let from: "events" | "retries" = "events";
	for (;;) {
		await consume([message], from, ports);
		from = "retries";
		const [verdict] = message.verdicts;
		const sent = ports.recorded.retries.pop();
		const held = ports.recorded.rows.pop();
		moves.mostTries = Math.max(moves.mostTries, message.attempts);
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
		} else if (held) {
			moves.holds++;
			now = Math.max(now, held.dueAt);
			message = incoming(held.record, { sentAt: now });
		} else break;
	}
	const letter = read(ports.recorded.deadLetters[0] ?? "").deadLetter;
	return { moves, letter, end: now - T0 };
}
