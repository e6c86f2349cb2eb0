/** The options and methods of a bus for tests. It has no code. */
import type { Config } from "../config/config.ts";
import type { After } from "../event/after-form.ts";
import type { Catalogue, EventFor, Publishes } from "../event/catalogue.ts";
import type { TidingsEvent } from "../event/envelope.ts";
import type { Events } from "../events.ts";
import type { RunOptions } from "./call-handler.ts";
import type { Chaos } from "./chaos.ts";
import type { TestAttempt, TestDeadLetter } from "./recording.ts";

export interface TestEventsOptions {
	/** When the test begins: a `Date`, epoch milliseconds, or a text with a time zone. Default `2027-01-01T00:00Z`. */
	now?: Date | number | string;
	/** Variables and bindings that the code under test reads from `cloudflare:workers`. Default: none. */
	env?: Readonly<Record<string, unknown>>;
	/** Determines jitter, ids and every other random number. Default 1. */
	seed?: number;
	/** Other Workers with handlers, by their keys. Default: none. */
	workers?: Readonly<Record<string, AnyEvents | OtherWorker>>;
	/** As in `tidings.config.ts`. The journal is off by default. */
	config?: Config;
	/** Faults of the platform. Default: none. */
	chaos?: Chaos;
}

/** Where the Worker crashes: around a handler, a send to a queue, or a store by the scheduler. */
export type CrashPoint =
	| ("before-handler" | "after-handler")
	| ("before-send" | "after-send")
	| ("before-schedule" | "after-schedule");

/** The events of a Worker, of any catalogue. */
// biome-ignore lint/suspicious/noExplicitAny: a catalogue is part of the parameters of `on`
export type AnyEvents = Events<any>;

export interface OtherWorker {
	events: AnyEvents;
	/** Its variables and bindings. Default: none but the binding `EVENTS` of the owner. */
	env?: Readonly<Record<string, unknown>>;
}

export interface TestEvents<Listed extends Catalogue = Catalogue>
	extends Publishes<Listed> {
	/** The present, in virtual time. */
	readonly now: Date;
	/** Runs everything that is due now, until each attempt that this starts has ended. Retries and schedules wait. */
	settle(): Promise<void>;
	/**
	 * Lets time pass: alarms, retries, cron triggers and schedules run in the order of their times.
	 *
	 * @param to a wait in milliseconds, `"3 days"`, or a `Date`; at most a year ahead
	 * @throws RefusedError `invalid_after`
	 */
	advance(to: After): Promise<void>;
	/** The events that were published or scheduled, by the test or by handlers, in this order. */
	published<const Name extends string>(name: Name): EventFor<Listed, Name>[];
	published(): TidingsEvent[];
	/** The attempts, in the order of their starts. @throws Error for a handler that does not exist */
	attempts(handler?: string): TestAttempt[];
	/** The deliveries that ended without success. */
	deadLetters(): TestDeadLetter[];
	/**
	 * Makes the next attempts of a handler fail without running it.
	 *
	 * @param times default 1
	 * @param error what they throw; default an `Error`
	 * @throws Error for a handler that does not exist
	 */
	failNext(handler: string, times?: number, error?: unknown): void;
	/**
	 * Crashes the Worker once, when it next comes to this point while it handles events. The platform redelivers its
	 * messages after a minute.
	 */
	crashAt(point: CrashPoint): void;
	/**
	 * Calls a handler directly: no queue, no timeout, no retry. Returns what it returned.
	 *
	 * @throws what it throws; Error for a handler that does not exist
	 */
	run(handler: string, body: unknown, options?: RunOptions): Promise<unknown>;
	/** Runs code of the Worker that is not a handler, such as a route: it publishes to this bus, in virtual time. */
	request<Result>(act: () => Result | Promise<Result>): Promise<Result>;
	/**
	 * Sends a request to the HTTP API of the Worker, or to a webhook. Give `API_KEYS` in `env` for requests with a key.
	 *
	 * @param path such as `/v1/events`
	 */
	fetch(path: string, init?: RequestInit): Promise<Response>;
	/** What happened, one line for each step. */
	timeline(): string;
	/** Releases the memory of the test. */
	dispose(): void;
	[Symbol.dispose](): void;
}
