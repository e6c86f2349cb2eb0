/**
 * Entry point for operating: reads events, dead letters and jobs, and acts on them, over HTTP or through a binding to
 * the owner's `Operator`. It runs in Workers and in Node, and contains no rules.
 */
import type { Finding } from "./doctor/finding.ts";
import type {
	DeadLetter,
	DeadLetterGroup,
	DeadLetterGroups,
	DeadLetterPage,
	StoredDeadLetter,
} from "./event/dead-letter.ts";
import type { EventHead } from "./event/envelope.ts";
import type { Receipt } from "./event/errors.ts";
import type { ScheduledEvent, WaitingDelivery } from "./event/scheduled-row.ts";
import type { Policy } from "./handlers/retry-policy.ts";
import type { Health } from "./health/health.ts";
import type { Counted, Job, JobRequest } from "./jobs/job.ts";
import type { EventLife } from "./journal/life.ts";
import type { Metrics } from "./journal/metrics.ts";
import type { HttpTarget } from "./publish/http.ts";
import {
	done,
	type OperatorBinding,
	orNull,
	path,
	senderToOperator,
} from "./publish/operator-http.ts";
import type { SelftestReport } from "./selftest/report.ts";
import type { StartedRun } from "./selftest/start.ts";

export type {
	DeadLetter,
	DeadLetterGroup,
	EventLife,
	Finding,
	Health,
	Job,
	Metrics,
	OperatorBinding,
	ScheduledEvent,
	SelftestReport,
	WaitingDelivery,
};

/** A page of a list. */
interface PageQuery {
	/** Size of the page, 1 to 1 000. Default 100. */
	limit?: number;
	/** The `cursor` of the page before. */
	cursor?: string;
}

/** A page of a list that takes a filter, such as `name:order.** state:dead since:2h`. */
interface FilteredQuery extends PageQuery {
	q?: string;
}

/** Present unless the page is the last. */
interface WithCursor {
	cursor?: string;
}

export type Admin = ReturnType<typeof createAdmin>;

/**
 * Creates a typed client of the operating API.
 *
 * @throws TypeError if the target is neither a binding nor `{ url, key }`
 *
 * @example
 * const admin = createAdmin({ url: "https://events.example.com", key });
 * const { deadLetters } = await admin.deadLetters.list({ q: "tag.customer:c42 since:2h" });
 */
export function createAdmin(target: HttpTarget | OperatorBinding) {
	const send = senderToOperator(target);
	return {
		events: {
			/** Lists the events in the journal that match, the latest first. */
			list: (query: FilteredQuery = {}) =>
				send<
					{
						events: EventLife[];
						searchedUntil: number;
						unreadable: number;
					} & WithCursor
				>("GET", path("events", [], query)),
			/** Returns the life of an event; null if the journal has no entry of it. */
			get: (id: string) => orNull(send<EventLife>("GET", path("events", [id]))),
		},
		scheduled: {
			/** Lists the scheduled events that match, the earliest due time first. */
			list: (query: FilteredQuery = {}) =>
				send<{ scheduled: ScheduledEvent[] } & WithCursor>(
					"GET",
					path("scheduled", [], query),
				),
			/** Returns false if the event is not scheduled any more. */
			cancel: (id: string) => done(send("DELETE", path("scheduled", [id]))),
			/** Returns null if the event is not scheduled any more. */
			reschedule: (id: string, after: number | string) =>
				orNull(send<Receipt>("PATCH", path("scheduled", [id]), { after })),
		},
		deliveries: {
			/** Lists deliveries that wait more than ten minutes, for a retry, a handler or a Worker: the next first. */
			list: (query: FilteredQuery = {}) =>
				send<{ deliveries: WaitingDelivery[] } & WithCursor>(
					"GET",
					path("deliveries", [], query),
				),
			/** Tries a waiting delivery at once. Returns false if it does not wait any more. */
			retry: (id: string) =>
				done(send("POST", path("deliveries", [id, "retry"]))),
			/** Cancels a waiting delivery. Returns false if it does not wait any more. */
			cancel: (id: string) => done(send("DELETE", path("deliveries", [id]))),
		},
		deadLetters: {
			/** Lists dead letters, the latest failure first. Without a state in the filter, those that are dead. */
			list: (query: FilteredQuery = {}) =>
				send<DeadLetterPage>("GET", path("dead-letters", [], query)),
			/**
			 * Groups those that match by handler, cause and reason, the largest group first. With `countedUntil` it has
			 * read the latest 100 000 dead letters, back to failures of that time. `uncounted` is the number of those that
			 * are in smaller groups, which are left out.
			 */
			groups: (q?: string) =>
				send<DeadLetterGroups & { countedUntil?: number }>(
					"GET",
					path("dead-letters/groups", [], { q }),
				),
			/** Returns a dead letter with its event, or null if no dead letter has this id. */
			get: (id: string) =>
				orNull(
					send<
						Omit<StoredDeadLetter, "head" | "body" | "isSent"> & {
							event: EventHead & { body: unknown };
						}
					>("GET", path("dead-letters", [id])),
				),
			/**
			 * Replays a dead letter. Returns null if no dead letter has this id.
			 *
			 * @param options `body` replaces the stored one; `again` replays one that is replaying or resolved
			 * @throws RefusedError `already_replayed`
			 */
			replay: (id: string, options: { body?: unknown; again?: boolean } = {}) =>
				orNull(
					send<{ id: string; replay: number; state: "replaying" }>(
						"POST",
						path("dead-letters", [id, "replay"]),
						options,
					),
				),
			/** Returns false if there is no such dead letter. */
			discard: (id: string) => done(send("DELETE", path("dead-letters", [id]))),
		},
		jobs: {
			/** Starts a job on everything that matches. With `dryRun` it only counts, with `atLeast` not everything. */
			start: (
				job: Omit<JobRequest, "q"> & {
					q?: string;
					/** Required without a filter. */
					all?: boolean;
					dryRun?: boolean;
				},
			) => send<{ id?: string } & Counted>("POST", path("jobs"), job),
			/** Lists jobs, the latest first. */
			list: (query: PageQuery = {}) =>
				send<{ jobs: Job[] } & WithCursor>("GET", path("jobs", [], query)),
			/** Returns null if there is no such job. */
			get: (id: string) => orNull(send<Job>("GET", path("jobs", [id]))),
			/** Stops a job. Returns false if it does not run. */
			stop: (id: string) => done(send("DELETE", path("jobs", [id]))),
		},
		selftest: {
			/** Starts a run, whose canaries arrive within some seconds. Requires `selftest()` in `worker()`. */
			start: () => send<StartedRun>("POST", path("selftest")),
			/** Reports on a run. Returns null until the journal has an entry of it. */
			get: (run: string) =>
				orNull(send<SelftestReport>("GET", path("selftest", [run]))),
		},
		/** Lists the handlers of all Workers. */
		handlers: () =>
			send<{ handlers: ListedHandler[]; unreachable: string[] }>(
				"GET",
				path("handlers"),
			),
		/** Finds errors of configuration and deployment. `time` is the Worker's clock. */
		doctor: () =>
			send<{ time: number; findings: Finding[] }>("GET", path("doctor")),
		/**
		 * Reads rates and durations by handler, by default of the last hour.
		 *
		 * @param q may have since, until and handler
		 */
		metrics: (q?: string) => send<Metrics>("GET", path("metrics", [], { q })),
		/** Reports problems, the backlog and the lag. Does not throw if there are problems. */
		health: () => send<Health>("GET", "/health", undefined, 503),
	};
}

/** A handler with its effective options. Times are in milliseconds. */
export interface ListedHandler {
	id: string;
	patterns: string[];
	timeout: number;
	/** In milliseconds; null is no limit. */
	retries: Policy;
	/** The key of the Worker that has it; absent for the owner. */
	worker?: string;
	schema?: object;
}
