/** The numbers that bound an event's life, each with its source. It holds numbers only. */

/** An event is fewer bytes than this: the UTF-8 of `JSON.stringify({ id, name, body, time, delay })`. */
export const EVENT_BYTES = 262_144;

/**
 * Up to this many bytes an event travels inside its message, beyond it by reference. A message may
 * have 128 000 bytes (Cloudflare Queues, limits); the rest is room for retry data and an error.
 */
export const INLINE_BYTES = 112_000;

/** Messages in one `sendBatch` (Cloudflare Queues, limits). */
export const SEND_BATCH_MESSAGES = 100;

/** Bytes in one `sendBatch`, metadata included: 256 000 allowed, and some margin. */
export const SEND_BATCH_BYTES = 240_000;

/** Bytes of metadata that a message has, about (Cloudflare Queues, limits). */
export const METADATA_BYTES = 100;

/** Events in one `publishBatch`. */
export const CALL_EVENTS = 1_000;

/** Bytes of all events in one `publishBatch`. */
export const CALL_BYTES = 10_000_000;

/** The longest that a queue can be set to keep a message, in milliseconds (Cloudflare Queues, limits). */
export const QUEUE_KEPT = 14 * 86_400_000;

/**
 * A message waits in a queue no longer than this, in milliseconds, counted from its send; half of
 * the free plan's retention of 24 hours. What must wait longer waits in the scheduler.
 */
export const QUEUE_WAIT = 12 * 3_600_000;

/**
 * Tries of one message before its delivery moves on as a new one. Queues allow 100 retries; the ten left
 * over are for moves that fail.
 */
export const CHAIN_TRIES = 90;

/** A queue's own `max_retries`, after which the platform gives a message up. */
export const MAX_RETRIES = 100;

/**
 * Tries past a policy's limit that a delivery may still have, since a message that came back for an outage
 * looks like one whose attempt crashed.
 */
export const CRASH_SLACK = 20;

/** The longest wait between two attempts, in milliseconds: a year. */
export const LONGEST_WAIT = 365 * 86_400_000;

/** The shortest, in milliseconds, for a queue counts whole seconds. */
export const SHORTEST_WAIT = 1_000;

/** Bytes of letters in one call of the store; a call may have 32 MiB. */
export const STORE_BYTES = 10_000_000;

/** How long a delivery that this deploy cannot run waits for a deploy that can, in milliseconds. */
export const DEPLOY_GRACE = 3_600_000;

/** How long a delivery waits for a Worker that does not answer, in milliseconds. */
export const WORKER_GRACE = 86_400_000;

/** The longest of those waits, in milliseconds: so long after a Worker is back its last deliveries come. */
export const LONGEST_PAUSE = 3_600_000;

/** A list of handlers is taken for true for so long, in milliseconds. */
export const LISTING_TTL = 60_000;

/** A Worker that did not answer is not asked again for so long, in milliseconds, lest it hold up others. */
export const SILENCE_TTL = 10_000;

/** A Worker has so long to list its handlers, in milliseconds. */
export const LIST_TIME = 5_000;

/** Subscribers that one message gives a delivery each. */
export const MATCHES = 500;

/** The content of one call of a webhook, in bytes. */
export const HOOK_BYTES = 262_144;

/** The event that such a call becomes, with its content as base64 and room for headers. */
export const HOOK_EVENT_BYTES = 500_000;

/** Handlers that one Worker may list. */
export const LISTED_HANDLERS = 1_000;

/** An attempt's time unless the handler says otherwise, in milliseconds. */
export const DEFAULT_TIMEOUT = 5_000;

/** The longest time an attempt can have, in milliseconds. */
export const MAX_TIMEOUT = 60_000;

/** A consumer takes up no further handlers after this, in milliseconds; an invocation has 15 minutes. */
export const BATCH_TIME = 12 * 60_000;

/** Messages of one batch that are under way to one Worker beside each other. */
export const BATCH_CONCURRENCY = 32;

/**
 * Characters of their events: as text, parsed for a handler and on its way to a Worker each takes memory several
 * times over, and an isolate has 128 MB.
 */
export const BATCH_CHARACTERS = 2_000_000;

/** An event of a batch waits for its turn parsed up to so many characters: a hundred of them take little memory. */
export const PARSED_CHARACTERS = 8_000;

/** Calls to queues and objects under way at once; six connections may wait for headers (Workers, limits). */
export const CALL_CONCURRENCY = 6;

/** Bytes of an error, as JSON, that a dead letter keeps. */
export const ERROR_BYTES = 8_192;

/** How long a body that travels by reference is kept past the time its event is due, in milliseconds. */
export const PAYLOAD_KEPT = 30 * 86_400_000;
