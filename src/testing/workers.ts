/**
 * Entry point of the test kit for tests that run in Workers, with `@cloudflare/vitest-pool-workers`: real queues and
 * objects, and a clock that the test moves ahead. No Worker imports it.
 */
import "./vitest-setup.ts";

export { createTestPublisher } from "./publisher/test-publisher.ts";
export type { TestAttempt, TestDeadLetter } from "./recording.ts";
export type { TestEvents, TestEventsOptions } from "./test-events.ts";
export { createTestEvents } from "./workers/create-test-events.ts";
