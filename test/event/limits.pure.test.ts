/** Limits that depend on each other, or on the platform's. */
import { expect, test } from "vitest";
import {
	BATCH_TIME,
	EVENT_BYTES,
	INLINE_BYTES,
	MAX_RETRIES,
	MAX_TIMEOUT,
	MESSAGE_RETRIES,
	PAYLOAD_RETENTION,
	QUEUE_RETENTION,
	QUEUE_WAIT,
	SEND_BATCH_BYTES,
} from "../../src/event/limits.ts";

const MINUTE = 60_000;
const DAY = 86_400_000;

test("a message waits at most half of the free plan's retention of a day", () => {
	expect(QUEUE_WAIT).toBe(DAY / 2);
});

test("the last handler of a batch has its whole timeout within an invocation's 15 minutes", () => {
	expect(BATCH_TIME).toBe(12 * MINUTE);
	expect(BATCH_TIME + MAX_TIMEOUT).toBeLessThan(15 * MINUTE);
});

test("a large body outlives its message in the queue with the longest retention, 14 days", () => {
	expect(PAYLOAD_RETENTION).toBe(30 * DAY);
	expect(PAYLOAD_RETENTION).toBeGreaterThan(QUEUE_RETENTION + QUEUE_WAIT);
});

test("an inline event fits a message of 128 000 bytes and a batch of 256 000", () => {
	expect(INLINE_BYTES).toBeLessThan(128_000);
	expect(INLINE_BYTES).toBeLessThan(EVENT_BYTES);
	expect(SEND_BATCH_BYTES).toBeLessThan(256_000);
});

test("a delivery continues in a new message before the platform's last retry", () => {
	expect(MESSAGE_RETRIES).toBeLessThan(MAX_RETRIES);
});
