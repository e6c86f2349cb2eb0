/** Everything that an owner needs from its configuration. Pure: the command line reads it, too. */

/** Durable Objects without which the owner does not work. */
export const REQUIRED_OBJECTS = [
	"Scheduler",
	"DeadLetters",
	"Payloads",
	"Subscriptions",
] as const;

/** Durable Objects of features that answer `not_configured` without them. */
export const OPTIONAL_OBJECTS = {
	Journal: "the journal",
	Jobs: "jobs",
	Keys: "idempotency keys",
} as const;

/** Without this flag, a batch waits for all promises that handlers pass to `waitUntil`, and fails with them. */
export const WAIT_FLAG = "queue_consumer_no_wait_for_wait_until";
