/**
 * Process-wide context for Durable Objects. The platform constructs an object, so nobody can pass it ports; `worker()`
 * sets this context while the module loads. It must not be used outside of `*-object.ts` and what they own.
 */
import type { Outcome } from "../event/outcome.ts";
import type { Observe } from "../event/transition.ts";

interface ObjectContext {
	observe: Observe;
	/** How long a dead letter is stored after its last failure, in milliseconds. Default: 90 days. */
	deadLetterRetention: number;
	/**
	 * Runs `start` or `stop` of an app's event once, within the timeout of an attempt.
	 *
	 * @param name the event's name on the bus
	 * @throws the error of an outage; a failed attempt is an outcome
	 */
	runLifecycle(
		name: string,
		part: "start" | "stop",
		webhookSecret: string,
	): Promise<Outcome>;
	/**
	 * Enqueues a poll of an app's event. The caller retries if it rejects.
	 *
	 * @param name the event's name on the bus
	 */
	enqueuePoll(name: string): Promise<void>;
}

let current: ObjectContext = {
	observe: () => {},
	deadLetterRetention: 90 * 86_400_000,
	runLifecycle: async (name) => Promise.reject(unknownEvent(name)),
	enqueuePoll: async (name) => Promise.reject(unknownEvent(name)),
};

/** Replaces the given fields and leaves the others. */
export function setObjectContext(changes: Partial<ObjectContext>): void {
	current = { ...current, ...changes };
}

export function objectContext(): ObjectContext {
	return current;
}

function unknownEvent(name: string): Error {
	return new Error(
		`no app of this deploy has the event ${JSON.stringify(name)}: deploy the Worker with that app`,
	);
}
