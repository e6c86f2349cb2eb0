/**
 * Writes all log lines of Tidings, one JSON object each, except those of `npx tidings dev`. No other file logs.
 *
 * `tidings` is the stable name of the line, `next` says what happens now. The other fields identify what the line
 * reports: `event` (id), `name`, `handler`, `attempt`, `queue`, `worker`, `object`, `shard`, `error`.
 */
import { serializeError } from "../event/failure.ts";
import { isReservedName, isSelftestName } from "../event/name.ts";
import { type Observe, traceLine } from "../event/transition.ts";

type Level = "info" | "warn" | "error";

/** Each line: its level and what happens next. */
const LINES = {
	// publish
	publish_not_awaited: ["warn", "nothing; the caller did not await the call"],
	key_not_confirmed: ["error", "a repeated call publishes again in 30 seconds"],
	key_not_released: ["error", "a repeated call has to wait 30 seconds"],
	// consume
	message_failed: ["error", "the queue redelivers the message"],
	queue_unclaimed: ["error", "the queue redelivers the batch in an hour"],
	queue_unclaimed_not_reported: ["error", "the next redelivery is reported"],
	call_cut_off: ["error", "handlers without an outcome are retried"],
	body_unreadable: ["error", "its deliveries wait a minute"],
	subscription_unreadable: ["error", "its delivery waits a minute"],
	apps_missing: ["error", "its delivery waits for a deploy, for an hour"],
	outcome_not_settled: ["error", "the delivery gets a message of its own"],
	retry_enqueue_failed: ["error", "the scheduler stores the retry"],
	deliveries_enqueue_failed: ["error", "the scheduler stores the deliveries"],
	retry_store_failed: ["error", "the delivery waits in a queue"],
	park_failed: ["error", "the delivery waits in the retries queue"],
	body_extension_failed: ["error", "the body expires at its earlier time"],
	// dead letters
	dead_letter_enqueue_failed: [
		"error",
		"the store stores the dead letter directly",
	],
	dead_letter_store_failed: ["error", "the scheduler stores the dead letter"],
	resolution_enqueue_failed: [
		"error",
		"the store marks the dead letter directly",
	],
	resolution_store_failed: ["error", "the scheduler stores the resolution"],
	replay_not_confirmed: ["error", "in a minute it can be replayed again"],
	dead_letter_body_unreadable: ["error", "it is stored without its body"],
	// queues
	queue_send_failed: ["error", "the next queue of the same role is tried"],
	lane_send_failed: ["error", "the default lane gets the lane's records"],
	local_queues_durable: ["info", "reloads and restarts lose no message"],
	batch_failed: ["error", "its messages are redelivered in a minute"],
	lane_missing: ["warn", "the default lane gets the lane's events"],
	// Workers that run handlers
	worker_unreachable: ["error", "its events are parked"],
	worker_apps_unreadable: ["error", "its apps are asked for again"],
	worker_apps_refused: ["error", "these apps stay with their own Worker"],
	app_in_two_workers: ["error", "neither Worker is called for the app"],
	route_without_handler: ["warn", "the route calls no handler"],
	retry_policy_unreadable: ["warn", "the handler gets the default policy"],
	handler_id_unstable: ["warn", "a deploy may give its retries to another"],
	// dialects
	config_keys_ignored: ["warn", "nothing; these keys have no effect here"],
	// apps
	attempt_not_recorded: ["error", "the alarm makes the attempt again"],
	start_or_stop_failed: ["error", "the attempt is made again"],
	tool_failed: ["error", "the caller gets an error; nothing is retried"],
	poll_failed: ["error", "the poll is sent again"],
	payload_not_checked: ["error", "the dead letter is not replayed"],
	webhook_not_confirmed: ["error", "a repeated call may run its handler again"],
	webhook_code_failed: ["error", "the caller gets 500"],
	webhook_worker_failed: ["error", "the caller gets 503"],
	// objects
	job_step_failed: ["error", "the batch is run again after a backoff"],
	flush_failed: ["error", "the rows are flushed again after a backoff"],
	alarm_not_set: ["error", "the watch sets it again"],
	// stores
	health_call_failed: ["error", "/health answers 503"],
	store_failed: ["error", "the caller may try again"],
	row_unreadable: ["error", "the list shows what can be read of the row"],
	// journal
	objects_not_declared: [
		"warn",
		"events are delivered; what needs them answers not_configured",
	],
	journal_failed: ["error", "these entries are missing from the journal"],
	journal_full: ["warn", "its oldest day was dropped"],
	// entry points
	rate_limit_failed: ["error", "the request is answered without a limit"],
	secret_unreadable: ["error", "the caller got 503"],
	api_keys_missing: ["error", "every API request is answered with 401"],
	api_keys_unreadable: ["error", "every API request is answered with 401"],
	issuer_keys_unreadable: ["error", "callers with its tokens get 503"],
	request_failed: ["error", "the caller got 500"],
	webhook_unavailable: ["error", "the caller gets 503"],
	// dashboard
	dashboard_signed_in: ["info", "the session ends after 8 hours"],
	dashboard_sign_in_failed: ["warn", "the person may try again"],
	dashboard_action: ["info", "nothing; the action was carried out"],
	live_update_failed: ["error", "the query is repeated in 5 seconds"],
	// observers
	observer_failed: ["error", "nothing; the transition is durable"],
	// transitions, unless `createEvents` is given an observer of its own
	event_ignored: ["warn", "nothing; no handler matches this name"],
	attempt_failed: ["warn", "the delivery is retried"],
	delivery_dead: ["error", "it is a dead letter now"],
} as const satisfies Record<string, readonly [Level, string]>;

type LogLine = keyof typeof LINES;

/** Writes one line. An `error` field may be any thrown value. */
export function log(line: LogLine, fields: Record<string, unknown> = {}): void {
	const [level, next] = LINES[line];
	const error = "error" in fields && { error: serializeError(fields.error) };
	console[level](JSON.stringify({ tidings: line, ...fields, ...error, next }));
}

const ignoredNames = new Set<string>();

/** Callers may invent names, so the memory of them is bounded. */
const MOST_IGNORED_NAMES = 100;

/**
 * The default observer. It logs each failed attempt, each dead letter, and the first event of each name that no
 * handler matches.
 */
export const logTransitions: Observe = (transition) => {
	const { id: event, event: name } = transition;
	// Some canaries fail on purpose. The report of their run says of the others why they failed.
	if (isSelftestName(name)) return;
	switch (transition.type) {
		case "ignored":
			// Events with reserved names reach subscribers, not handlers: none is normal.
			if (isReservedName(name) || ignoredNames.has(name)) return;
			if (ignoredNames.size >= MOST_IGNORED_NAMES) return;
			ignoredNames.add(name);
			return log("event_ignored", { event, name });
		case "retrying": {
			const { handler, attempt, error, retryAt } = transition;
			const at = new Date(retryAt).toISOString();
			const fields = { event, name, handler, attempt, retryAt: at, error };
			return log("attempt_failed", fields);
		}
		case "dead": {
			const { handler, attempt, cause, error } = transition;
			const fields = { event, name, handler, attempt, cause, error };
			return log("delivery_dead", fields);
		}
	}
};

/** Adds a line for each transition, which `npx tidings dev` shows as a timeline. */
export function withTrace(observe: Observe | undefined): Observe {
	return (transition) => {
		console.log(traceLine(transition));
		observe?.(transition);
	};
}

/** Makes an observer whose failure is logged and changes nothing. */
export function safeObserver(observe: Observe): Observe {
	return (transition) => {
		const { type, id: event, event: name } = transition;
		const failed = (error: unknown) =>
			log("observer_failed", { transition: type, event, name, error });
		try {
			const observed: unknown = observe(transition);
			if (observed instanceof Promise) observed.catch(failed);
		} catch (error) {
			failed(error);
		}
	};
}
