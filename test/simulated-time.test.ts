/** Whole chains of retries under simulated time: the steps as they are, between a queue and a scheduler of a few lines. */
import { afterEach, expect, test } from "vitest";
import { consume } from "../src/queue.ts";
import { incoming, read, record } from "./support/incoming.ts";
import { down, keeping } from "./support/ports.ts";
import { behaviours } from "./support/worker.ts";

afterEach(() => behaviours.clear());

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const T0 = Date.UTC(2027, 0, 1);

/** Runs one delivery's chain until it ends; tells each attempt's time and what carried it. */
async function runChain(name: string, ports = keeping()) {
	let now = T0;
	ports.clock = () => now;
	const attempts: { at: number; attempt: number }[] = [];
	behaviours.set("ampt", (_, { attempt }) => {
		attempts.push({ at: now - T0, attempt });
		throw new Error("still no");
	});
	behaviours.set("long", behaviours.get("ampt") as never);

	const moves = { sends: 0, holds: 0, longestInQueue: 0, mostTries: 0 };
	let message = incoming(record(name, { n: 1 }, undefined, T0), { sentAt: T0 });
	let from: "events" | "retries" = "events";
	for (;;) {
		await consume([message], from, ports);
		from = "retries";
		const [verdict] = message.verdicts;
		const sent = ports.kept.retries.pop();
		const held = ports.kept.held.pop();
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
	const letter = read(ports.kept.deadLetters[0] ?? "").letter;
	return { attempts, moves, letter, end: now - T0 };
}

test("every six minutes for 14 days: 3 361 attempts, then one dead letter", async () => {
	const { attempts, moves, letter } = await runChain("ampt.like");
	expect(attempts.map(({ attempt }) => attempt)).toEqual(
		Array.from({ length: 3_361 }, (_, index) => index + 1),
	);
	expect(attempts.map(({ at }) => at)).toEqual(
		Array.from({ length: 3_361 }, (_, index) => index * 360_000),
	);
	expect(attempts.at(-1)?.at).toBe(14 * DAY);
	expect(letter).toMatchObject({
		cause: "expired",
		attempts: 3_361,
		firstFailureAt: T0,
		lastFailureAt: T0 + 14 * DAY,
	});
	// One send, and every ninety tries a move through the scheduler.
	expect(moves).toMatchObject({ sends: 1, holds: 37, mostTries: 90 });
	expect(moves.longestInQueue).toBeLessThanOrEqual(12 * HOUR);
});

test("waits of 20 hours are spent in the scheduler, never in a queue", async () => {
	const { attempts, moves, letter } = await runChain("long.wait");
	expect(attempts.map(({ at }) => at / HOUR)).toEqual(
		Array.from({ length: 11 }, (_, index) => index * 20),
	);
	expect(moves).toEqual({
		sends: 0,
		holds: 10,
		longestInQueue: 0,
		mostTries: 1,
	});
	expect(letter).toMatchObject({ cause: "exhausted", attempts: 11 });
});

test("a scheduler that is down for some tries costs the chain nothing but a few more in its queue", async () => {
	const ports = keeping();
	const { hold } = ports.scheduler;
	let failing = 8;
	ports.scheduler.hold = async (rows) => {
		if (failing-- > 0) return down();
		await hold(rows);
	};
	const { attempts, letter, moves } = await runChain("ampt.like", ports);
	expect(attempts.map(({ at }) => at)).toEqual(
		Array.from({ length: 3_361 }, (_, index) => index * 360_000),
	);
	expect(letter).toMatchObject({ cause: "expired", attempts: 3_361 });
	expect(moves.mostTries).toBe(98);
});
