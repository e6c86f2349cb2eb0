/**
 * Entry point of the test kit: runs events on a simulated platform with virtual time, in Node. No Worker imports it.
 */

export type { Chaos } from "./chaos.ts";
export { createTestEvents } from "./create-test-events.ts";
export { createTestPublisher } from "./publisher/test-publisher.ts";
export type { TestAttempt, TestDeadLetter } from "./recording.ts";
export type { TestEvents, TestEventsOptions } from "./test-events.ts";
