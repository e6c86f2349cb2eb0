/** The options and methods of a bus for tests. It has no code. A project that imports it may write `using bus = …`. */
/// <reference lib="esnext.disposable" preserve="true" />
import type { Config } from "../config/config.ts";
import type { After } from "../event/after-form.ts";
import type { Catalogue, EventFor, Publishes } from "../event/catalogue.ts";
import type { TidingsEvent } from "../event/envelope.ts";
import type { RunOptions } from "./call-handler.ts";
import type { Chaos } from "./chaos.ts";
import type { AnyEvents, OtherWorker } from "./other-workers.ts";
import type { TestAttempt, TestDeadLetter } from "./recording.ts";

export interface TestEventsOptions {
	/** When the test begins: a `Date`, epoch milliseconds, or a text with a time zone. Default `2027-01-01T00:00Z`. */
	now?: Date | number | string;
	/** Variables and bindings that the code under test reads from `cloudflare:workers`. Default: none. */
	env?: Readonly<Record<string, unknown>>;
	/** Determines jitter, ids and every other random number: any number. Default 1. */
	seed?: number;
	/** Other Workers with handlers, by their keys: their events, or `{ events, env }`. Default: none. */
	workers?: Readonly<Record<string, AnyEvents | OtherWorker>>;
	/** As in `tidings.config.ts`. Default: none, and the journal is off unless it is configured here. */
	config?: Config;
	/** Faults of the platform. Default: none. */
	chaos?: Chaos;
}

/** Where the Worker crashes: around a handler, a send to a queue, or a store by the scheduler. */
export type CrashPoint =
	| "before-handler"
	| "after-handler"
	| "before-send"
	| "after-send"
	| "before-schedule"
	| "after-schedule";

export interface TestEvents<Listed extends Catalogue = Catalogue>
	extends Publishes<Listed> {
	/** The present of the test. */
	readonly now: Date;
	/**
	 * Runs everything that is due now, until each attempt that this starts has ended. Retries and schedules wait. An
	 * attempt that lasts moves the time on, at most by its timeout.
	 *
	 * @throws Error if the attempts never end, inside a handler, and after `dispose`
	 */
	settle(): Promise<void>;
	/**
	 * Lets time pass: alarms, retries, cron triggers and schedules run in the order of their times.
	 *
	 * @param to a wait in milliseconds, `"3 days"`, or a `Date`; at most a year ahead
	 * @throws RefusedError `invalid_after`; Error as in `settle`
	 */
	advance(to: After): Promise<void>;
	/**
	 * Returns the events that were published or scheduled, by the test or by handlers, in this order. A cancelled event
	 * is one of them.
	 *
	 * @param name default: all
	 */
	published<const Name extends string>(name: Name): EventFor<Listed, Name>[];
	published(): TidingsEvent[];
	/**
	 * Returns the attempts, in the order of their starts.
	 *
	 * @param handler the id of a handler; default: all
	 * @throws Error for a handler that does not exist
	 */
	attempts(handler?: string): TestAttempt[];
	/** Returns the deliveries that ended without success, in the order of their ends. */
	deadLetters(): TestDeadLetter[];
	/**
	 * Makes the next attempts of a handler fail without running it. Calls add up.
	 *
	 * @param times how many attempts; default 1
	 * @param error what they throw; default an `Error`
	 * @throws Error for a handler that does not exist; RangeError unless `times` is a whole number of at least 1
	 */
	failNext(handler: string, times?: number, error?: unknown): void;
	/**
	 * Crashes the Worker once, when it next reaches this point while it handles events. The platform redelivers its
	 * messages after one to two minutes.
	 *
	 * @throws TypeError for a point that does not exist
	 */
	crashAt(point: CrashPoint): void;
	/**
	 * Calls a handler directly: no queue, no timeout, no retry, and no attempt in `attempts`. Returns what it returned.
	 *
	 * @throws what it throws; Error for a handler that does not exist; RefusedError for a body that does not match its
	 * schema, or a name that it is not registered for
	 */
	run(handler: string, body: unknown, options?: RunOptions): Promise<unknown>;
	/**
	 * Runs code of the Worker that is not a handler, such as a route: it publishes to this bus, in the time of the test.
	 * Returns what it returns.
	 *
	 * @throws what it throws; Error if it has not ended within 15 minutes of virtual time
	 */
	request<Result>(act: () => Result | Promise<Result>): Promise<Result>;
	/**
	 * Sends a request to the HTTP API of the Worker, or to a webhook. Give `API_KEYS` in `env` for requests with a key.
	 *
	 * @param path such as `/v1/events`
	 */
	fetch(path: string, init?: RequestInit): Promise<Response>;
	/** Returns what happened, one line for each step: at most the first and the last 100. */
	timeline(): string;
	/**
	 * Ends the bus and releases its memory. A test that does not call it leaves this to the plugin, before the next test
	 * starts; a bus that was created outside of a test ends with its file.
	 */
	dispose(): void;
	[Symbol.dispose](): void;
}
