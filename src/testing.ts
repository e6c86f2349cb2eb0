/** Entry point of the test kit: runs events on a simulated platform with virtual time, in Node. No Worker imports it. */

export type { Chaos } from "./testing/chaos.ts";
export { createTestEvents } from "./testing/create-test-events.ts";
export type { TestAttempt, TestDeadLetter } from "./testing/recording.ts";
export type { TestEvents, TestEventsOptions } from "./testing/test-events.ts";
