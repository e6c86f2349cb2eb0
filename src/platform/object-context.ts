/**
 * Process-wide context for Durable Objects. The platform constructs an object, so no code can pass it ports; `worker()`
 * sets this context while the module loads. It must not be used outside of `*-object.ts` and what they own.
 */
import type { AttemptOutcome } from "../event/outcome.ts";
import type { Ports, RunJobStep } from "../ports.ts";
import type { QueueRole } from "./queue-names.ts";

export interface ObjectContext
	extends Pick<Ports, "queues" | "payloads" | "observe"> {
	/** How long a dead letter is stored after its last failure, in milliseconds. */
	deadLetterRetention: number;
	/** How long the journal stores a day, in milliseconds. */
	journalRetention: number;
	/**
	 * Runs `start` or `stop` of an app's event once, within the timeout of an attempt.
	 *
	 * @param name the event's name
	 * @throws Error if no app of this deploy has the event, or its Worker cannot be reached
	 */
	runLifecycle(
		name: string,
		part: "start" | "stop",
		webhookSecret: string,
	): Promise<AttemptOutcome>;
	/**
	 * Enqueues a poll of an app's event. The caller retries if it rejects.
	 *
	 * @param name the event's name
	 */
	enqueuePoll(name: string): Promise<void>;
	runJobStep: RunJobStep;
	/** Answers every message of a batch. Never rejects. Only the queues of a durable local run call it. */
	consume(messages: readonly Message[], role: QueueRole): Promise<void>;
}

let current: ObjectContext | undefined;

/** Replaces the given fields and leaves the others. */
export function setObjectContext(changes: Partial<ObjectContext>): void {
	current = { ...current, ...changes } as ObjectContext;
}

/** @throws Error if the main module never called `worker(events)` */
export function objectContext(): ObjectContext {
	if (current) return current;
	throw new Error(
		"tidings: an object runs, but the main module never called worker(events); export default worker(events)",
	);
}
