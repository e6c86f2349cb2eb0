/**
 * What a rate of events asks of the platform: arithmetic over its documented limits, and nothing else. The
 * tables of docs/scale.md are what it comes to; no run on Cloudflare's network stands behind them.
 */

import { MAX_SHARDS } from "../../src/contract/id.ts";
import {
	BATCH_CONCURRENCY,
	CALL_EVENTS,
	MAX_TIMEOUT,
} from "../../src/contract/limits.ts";

/** Cloudflare's, as of November 2026; docs/scale.md says where each stands. */
export const LIMITS = {
	/** Messages a second of one queue. */
	queueMessages: 5_000,
	/** Bytes that wait in one queue. */
	backlogBytes: 25e9,
	/** Invocations of a queue's consumer beside each other. */
	consumers: 250,
	/** Writing requests a second of one object: the careful end of 200 to 500. */
	objectRequests: 200,
	/** Bytes that one object keeps. */
	objectBytes: 10e9,
	/** Bytes of one variable of a Worker. */
	variableBytes: 5_000,
} as const;

/** Counted and timed on the local runtime, and not on Cloudflare's network. */
export const MEASURED = {
	/** USD for a million events with one handler, by docs/cost.md. */
	publish: 1.2,
	/** USD for a million that are scheduled one by one and due together, by docs/cost.md. */
	scheduled: 4.38,
	/** Rows a second that one object took, in calls of a hundred. */
	objectRows: 4_000,
} as const;

/** Part of a limit that is planned for; the rest is for peaks, and for a hash that is not quite even. */
const PLANNED = 0.8;

/** Bytes of an event of a kilobyte as a message, or as a row with its index. */
const MESSAGE_BYTES = 1_100;
const ROW_BYTES = 1_300;

const HOUR = 3_600;
const DAY = 24 * HOUR;
const MONTH = 30 * DAY;

/** @param rate messages a second */
export function queuesFor(rate: number): number {
	return Math.ceil(rate / (LIMITS.queueMessages * PLANNED));
}

/**
 * The longest that an event may take in one Worker on average, in seconds, so that 250 consumers with 32 events
 * each under way keep up; all of its handlers there together.
 */
export function longestHandling(rate: number, queues: number): number {
	const underWay = LIMITS.consumers * BATCH_CONCURRENCY * queues * PLANNED;
	return Math.min(underWay / rate, MAX_TIMEOUT / 1_000);
}

/** How long the queues of a rate take what comes while nobody consumes, in hours. */
export function hoursUntilFull(rate: number, queues: number): number {
	return (LIMITS.backlogBytes * queues) / (rate * MESSAGE_BYTES) / HOUR;
}

/**
 * Queues for deliveries that travel alone, one an invocation: retries, and subscribers of apps' events.
 *
 * @param seconds how long an attempt takes
 */
export function retriesQueuesFor(rate: number, seconds: number): number {
	const busy = Math.ceil((rate * seconds) / (LIMITS.consumers * PLANNED));
	return Math.max(busy, queuesFor(rate));
}

/** USD a month at a price for a million events. */
export function monthly(rate: number, perMillion: number): number {
	return ((rate * MONTH) / 1e6) * perMillion;
}

/** Bytes of `TIDINGS_QUEUES` with so many queues for events. */
export function variableBytes(queues: number, name = "tidings-events"): number {
	const events = Array.from({ length: queues }, (_, index) =>
		index === 0 ? name : `${name}-${index + 1}`,
	);
	const [retries, deadLetters] = ["tidings-retries", "tidings-dead-letters"];
	return JSON.stringify({ events, retries, deadLetters }).length;
}

/** Shards that a rate of scheduled events asks for, by what comes to its limit. */
export interface Shards {
	/** Published one by one: a request of an object for each. */
	oneByOne: number;
	/** Published a thousand a call: each call reaches every shard, with a part of the rows. */
	inBatches: number;
	/** For what waits, on average for so long. */
	storage: number;
}

/** @param wait how long an event waits on average, in seconds */
export function shardsFor(rate: number, wait = DAY): Shards {
	return {
		oneByOne: Math.ceil(rate / LIMITS.objectRequests),
		inBatches: Math.ceil(rate / (MEASURED.objectRows * PLANNED)),
		storage: Math.ceil(
			(rate * wait * ROW_BYTES) / (LIMITS.objectBytes * PLANNED),
		),
	};
}

/** Each call of a thousand reaches every shard, so this bounds a scheduler, however many shards it has. */
export const BATCHED_LIMIT = LIMITS.objectRequests * CALL_EVENTS;

/** Deployments of Tidings beside each other that so many shards ask for. */
export function ownersFor(shards: number): number {
	return Math.ceil(shards / MAX_SHARDS);
}

/** Letters a second that one object keeps for so many days, a letter of two kilobytes. */
export function lettersFor(days: number): number {
	return (LIMITS.objectBytes * PLANNED) / 2_000 / (days * DAY);
}
