/**
 * A Worker that runs handlers behind a service binding. The owner asks it for its handlers once a minute. Only data
 * is cached between requests, never a promise: a promise of one request must not be awaited in another.
 */

import type { Issue } from "../event/errors.ts";
import { serializeError } from "../event/failure.ts";
import {
	LIST_TIME,
	LISTING_TTL,
	MAX_TIMEOUT,
	SILENCE_TTL,
} from "../event/limits.ts";
import type { Outcome } from "../event/outcome.ts";
import { log } from "../platform/log.ts";
import { inTime } from "../platform/timer.ts";
import type { Ports } from "../ports.ts";
import { failed } from "./attempt.ts";
import type { Call, HandlerWorker, Reporter } from "./call.ts";
import type { CallSignature } from "./call-signature.ts";
import { type HandlerListing, listingsFrom } from "./listing.ts";
import {
	qualifiedId,
	type Routes,
	type Routing,
	routesOf,
	routesWithoutHandler,
} from "./route.ts";

/** A service binding to another Worker's `Subscriber` entrypoint. */
export interface SubscriberBinding {
	handlers(signature?: CallSignature): Promise<HandlerListing[]>;
	deliver(
		call: Call,
		report: Reporter,
		host?: object,
		signature?: CallSignature,
	): Promise<void>;
}

/**
 * A call may take this much longer than its handlers before it counts as cut off, in milliseconds: for each of them,
 * and at most. An invocation ends after 15 minutes (Cloudflare Workers, limits).
 */
const CALL_GRACE = 5_000;
const MAX_CALL_GRACE = 60_000;

/** @param binding finds the binding anew for each call, because bindings belong to requests */
export function remoteWorker(
	key: string,
	binding: () => SubscriberBinding,
	routing: Routing,
	{ clock, timer }: Pick<Ports, "clock" | "timer">,
): HandlerWorker {
	let cached: { at: number; routes: Routes } | undefined;
	let silentAt = Number.NEGATIVE_INFINITY;
	const reported = new Set<string>();

	async function ask(): Promise<Routes | undefined> {
		const before = cached;
		try {
			const asked = binding().handlers();
			const listings = listingsFrom(await inTime(asked, LIST_TIME, timer));
			const routes = routesOf(key, listings, routing);
			cached = { at: clock(), routes };
			reportUnknown(routes);
			return routes;
		} catch (error) {
			log("worker_unreachable", { worker: key, hint: UNREACHABLE_HINT, error });
			// A concurrent request may have been answered meanwhile.
			if (cached && cached !== before) return cached.routes;
			cached = undefined;
			silentAt = clock();
			return undefined;
		}
	}

	/** Logs once per isolate: the Worker may be deployed later, or the handler's name is misspelt. */
	function reportUnknown(routes: Routes): void {
		for (const { id, handler } of routesWithoutHandler(key, routing, routes)) {
			if (reported.has(id)) continue;
			reported.add(id);
			const handlers = routes.list.map((one) => qualifiedId(key, one.handler));
			const known = [...new Set(handlers)];
			log("route_without_handler", { route: id, worker: key, handler, known });
		}
	}

	return {
		key,
		async routes() {
			if (cached && clock() - cached.at < LISTING_TTL) return cached.routes;
			return clock() - silentAt < SILENCE_TTL ? undefined : ask();
		},
		async run({ record, handlers, within }, report, host) {
			const { length } = handlers;
			const longest = Math.min(length * MAX_TIMEOUT, within + MAX_TIMEOUT);
			const grace = Math.min(length * CALL_GRACE, MAX_CALL_GRACE);
			const reportRead: Reporter = (id, outcome) =>
				report(id, outcomeFrom(outcome));
			const sent = { record, handlers, within };
			const answer = binding().deliver(sent, reportRead, host);
			await inTime(answer, longest + grace, timer);
		},
		isReachable: async () => (await ask()) !== undefined,
	};
}

const UNREACHABLE_HINT =
	'is the Worker deployed, and does its binding have entrypoint = "Subscriber"?';

/** Reads an outcome as another Worker reported it, whose deploy may be older or newer than this one. */
export function outcomeFrom(value: unknown): Outcome {
	const { type, error, wants, timeout, elapsed, issues, output } =
		Object(value);
	switch (type) {
		case "delivered":
			return typeof output === "string" ? { type, output } : { type };
		case "unknown_handler":
		case "not_started":
			return { type };
		case "failed": {
			const failure = serializeError(error);
			const { stop, retryAt } = Object(wants);
			if (stop === true) return { type, error: failure, wants: { stop: true } };
			return Number.isFinite(retryAt)
				? { type, error: failure, wants: { retryAt } }
				: { type, error: failure };
		}
		case "timed_out":
			return {
				type,
				timeout: Number(timeout),
				...(Number.isFinite(elapsed) && { elapsed }),
			};
		case "unparsable":
			return { type, issues: issuesFrom(issues) };
		default:
			return failed(
				new Error(
					`the handler's Worker reported ${JSON.stringify(type)}, which this deploy of the owner does not know`,
				),
			);
	}
}

function issuesFrom(value: unknown): Issue[] {
	const issues = Array.isArray(value) ? value : [];
	return serializeError(undefined, issues).issues ?? [];
}
