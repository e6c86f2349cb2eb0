/** Limits of an event's life, each with its source. It has no code. */

/** An event must have fewer bytes: the UTF-8 of `JSON.stringify({ id, name, body, time, delay })`. */
export const EVENT_BYTES = 262_144;

/**
 * Bytes of an event whose message contains its body. A larger body is stored apart. A message may have 128 000
 * bytes (Cloudflare Queues, limits). The rest is for retry data and an error.
 */
export const INLINE_BYTES = 112_000;

/** Bytes of the attributes of a CloudEvent, as JSON. They travel in every message of their event. */
export const CLOUD_EVENT_BYTES = 4_096;

/** Messages in one `sendBatch` (Cloudflare Queues, limits). */
export const SEND_BATCH_MESSAGES = 100;

/** Bytes in one `sendBatch`, metadata included. Cloudflare Queues allow 256 000; the rest is margin. */
export const SEND_BATCH_BYTES = 240_000;

/** Approximate bytes of a message's metadata (Cloudflare Queues, limits). */
export const METADATA_BYTES = 100;

/**
 * Levels of nesting of a body. SQLite's JSON functions read 1 000 levels of a record, and the record has levels around
 * the body.
 */
export const BODY_DEPTH = 990;

/** Levels of nesting of an HTTP request: a body, and the levels around it. */
export const REQUEST_DEPTH = 1_000;

/** JSON tokens (`[`, `{`, `,` and `:`) of an HTTP request. A million of them can take half a second to parse. */
export const REQUEST_TOKENS = 500_000;

/** Bytes of a request that publishes: the events of a full batch, and 1 MB for the JSON around them. */
export const PUBLISH_BYTES = 11_000_000;

/** Bytes of a request that contains one body: an event's, and the escapes and spaces of its JSON. */
export const BODY_REQUEST_BYTES = 1_000_000;

/** Bytes of a request that runs a tool. */
export const TOOL_BYTES = 262_144;

/** Bytes of any other request. A subscription has up to ten tokens. */
export const REQUEST_BYTES = 65_536;

/** Events in one `publishBatch`. */
export const CALL_EVENTS = 1_000;

/** Bytes of all events in one `publishBatch`. */
export const CALL_BYTES = 10_000_000;

/** Longest retention of a message in a queue, in milliseconds (Cloudflare Queues, limits). */
export const QUEUE_RETENTION = 14 * 86_400_000;

/**
 * Longest wait of a retry in the retries queue, in milliseconds. A longer wait is spent in the scheduler, where the
 * delivery can be listed, tried at once and cancelled.
 */
export const RETRY_WAIT = 10 * 60_000;

/**
 * Longest wait of a message in a queue after its send, in milliseconds, also while the scheduler is down. It is half of
 * the free plan's retention of 24 hours.
 */
export const QUEUE_WAIT = 12 * 3_600_000;

/**
 * Retries of one message before its delivery continues in a new message. Queues allow 100 retries; the other ten are
 * for failures to send that message.
 */
export const MESSAGE_RETRIES = 90;

/** The `max_retries` of a queue, after which the platform sends a message to the dead letter queue. */
export const MAX_RETRIES = 100;

/**
 * Redeliveries of a message past a policy's limit. A message that is redelivered after an outage looks like one whose
 * attempt crashed.
 */
export const CRASH_RETRIES = 20;

/** Longest wait between two attempts, in milliseconds: a year. */
export const LONGEST_WAIT = 365 * 86_400_000;

/** Shortest wait between two attempts, in milliseconds, because queues count whole seconds. */
export const SHORTEST_WAIT = 1_000;

/** Bytes of dead letters in one call of their store. A call may have 32 MiB. */
export const STORE_BYTES = 10_000_000;

/** Longest wait of a delivery for a deploy that can run it, in milliseconds. */
export const DEPLOY_GRACE = 3_600_000;

/** Longest wait of a delivery for a Worker that does not respond, in milliseconds. */
export const WORKER_GRACE = 86_400_000;

/** Longest pause between two checks during such a wait, in milliseconds. Deliveries resume at most this late. */
export const LONGEST_PAUSE = 3_600_000;

/** TTL of a cached list of handlers, in milliseconds. */
export const LISTING_TTL = 60_000;

/** Pause before a Worker that did not respond is called again, in milliseconds, because it would delay others. */
export const SILENCE_TTL = 10_000;

/** Timeout of a Worker that lists its handlers, in milliseconds. */
export const LIST_TIME = 5_000;

/** Subscribers that receive a delivery from one message. */
export const SUBSCRIBERS_PER_MESSAGE = 500;

/** Content of one call of a webhook, in bytes. */
export const HOOK_BYTES = 262_144;

/** Size of the event of such a call, in bytes: its content as base64, and headers. */
export const HOOK_EVENT_BYTES = 500_000;

/** Handlers that one Worker may list. */
export const LISTED_HANDLERS = 1_000;

/** Default timeout of an attempt, in milliseconds. */
export const DEFAULT_TIMEOUT = 5_000;

/** Longest timeout of an attempt, in milliseconds. */
export const MAX_TIMEOUT = 60_000;

/** A consumer starts no handler later than this, in milliseconds. An invocation has 15 minutes. */
export const BATCH_TIME = 12 * 60_000;

/** Concurrent calls of one Worker in one batch. */
export const BATCH_CONCURRENCY = 32;

/**
 * Characters of the events in these calls. An event is in memory several times: as text, parsed, and in a call. An
 * isolate has 128 MB.
 */
export const BATCH_CHARACTERS = 2_000_000;

/** Characters of an event that stays parsed while it waits for a call. A hundred such events need little memory. */
export const PARSED_CHARACTERS = 8_000;

/** Concurrent calls of queues and objects. Six connections may wait for headers (Workers, limits). */
export const CALL_CONCURRENCY = 6;

/**
 * Longest wait for the answer to a publish, in milliseconds. `waitUntil` ends after 30 seconds (Workers, limits), and
 * the caller needs the rest to react.
 */
export const ANSWER_TIME = 25_000;

/** Bytes of an error in a dead letter, as JSON. */
export const ERROR_BYTES = 8_192;

/** Retention of a stored body after the due time of its event, in milliseconds. */
export const PAYLOAD_RETENTION = 30 * 86_400_000;

/** By how much the clocks of two machines may differ, in milliseconds. */
export const CLOCK_SKEW = 60_000;
