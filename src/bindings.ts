/** Finds the queues and objects of the Worker that owns the events, as the ports that the steps declare. */
import { env, exports } from "cloudflare:workers";
import { isOurs, reviveError, UnavailableError } from "./contract/errors.ts";
import type { Letter } from "./contract/letter.ts";
import type { SubscriptionKeeper } from "./contract/subscription.ts";
import type { QueueRole } from "./queue.ts";
import type { Letters } from "./replay.ts";
import type { SchedulerShard } from "./shards.ts";

const QUEUE_BINDINGS = [
	"EVENTS_QUEUE",
	"RETRIES_QUEUE",
	"DEAD_LETTERS_QUEUE",
] as const;

type QueueBinding = (typeof QUEUE_BINDINGS)[number];

/** What the Worker that owns the events has in its environment. */
interface OwnerBindings extends Record<QueueBinding, Queue<string>> {
	/** The queues' names, since a batch tells which queue it is from by name. */
	TIDINGS_QUEUES: Record<QueueRole, string>;
}

type LetterObject = Letters & {
	store(letters: readonly Letter[]): Promise<void>;
};

interface PayloadObject {
	put(text: string, until: number): Promise<void>;
	get(): Promise<string | null>;
	keep(until: number): Promise<void>;
}

/** Whether this Worker owns the events, that is, has their queue. */
export function ownsEvents(): boolean {
	return "EVENTS_QUEUE" in env;
}

/** The queues' names by role. @throws Error when they are not set, two are the same, or a queue is not bound */
export function queueNames(): Record<QueueRole, string> {
	const names = (env as Partial<OwnerBindings>).TIDINGS_QUEUES;
	const { events, retries, deadLetters } = names ?? {};
	if (!events || !retries || !deadLetters)
		throw new Error(
			'tidings: the var TIDINGS_QUEUES is missing or not whole: set it beside the bindings, TIDINGS_QUEUES = { events = "…", retries = "…", deadLetters = "…" }',
		);
	const missing = QUEUE_BINDINGS.filter((binding) => !(binding in env));
	if (missing.length > 0)
		throw new Error(
			`tidings: the queue bindings ${missing.join(", ")} are missing: add them to [[queues.producers]]`,
		);
	if (new Set([events, retries, deadLetters]).size < 3)
		throw new Error("tidings: TIDINGS_QUEUES names one queue twice");
	return { events, retries, deadLetters };
}

export type Bindings = ReturnType<typeof bindings>;

/** The ports that lead to queues and objects; each call finds its object anew, for no request may use another's. */
export function bindings() {
	return {
		events: queue("EVENTS_QUEUE"),
		retries: queue("RETRIES_QUEUE"),
		deadLetters: queue("DEAD_LETTERS_QUEUE"),
		payloads: {
			put: (key: string, text: string, until: number) =>
				reached(payload(key).put(text, until)),
			get: (key: string) => reached(payload(key).get()),
			keep: (key: string, until: number) => reached(payload(key).keep(until)),
		},
		letters: {
			store: (stored) => reached(letters().store(stored)),
			list: (query) => reached(letters().list(query)),
			get: (id) => reached(letters().get(id)),
			markReplayed: (id, replay) => reached(letters().markReplayed(id, replay)),
			discard: (id) => reached(letters().discard(id)),
		} satisfies LetterObject as LetterObject,
	};
}

function queue(binding: QueueBinding) {
	const bound = () => {
		const found = (env as Partial<OwnerBindings>)[binding];
		if (found === undefined)
			throw new Error(
				`tidings: the queue binding ${binding} is missing: add it to [[queues.producers]]`,
			);
		return found;
	};
	return {
		async send(record: string, delaySeconds = 0): Promise<void> {
			await reached(
				bound().send(record, { contentType: "text", delaySeconds }),
			);
		},
		async sendBatch(records: readonly string[]): Promise<void> {
			const messages = records.map((body) => ({
				body,
				contentType: "text" as const,
			}));
			await reached(bound().sendBatch(messages));
		},
		async metrics(): Promise<QueueMetrics> {
			return reached(bound().metrics());
		},
	};
}

function object<Stub>(className: string, name: string): Stub {
	const namespace = (
		exports as unknown as Record<string, DurableObjectNamespace | undefined>
	)[className];
	if (typeof namespace?.getByName !== "function")
		throw new Error(
			`tidings: the object ${className} is missing: export { Scheduler, DeadLetters, Payloads, Subscriptions } from "tidings/worker" in the main module, and declare each in [exports]`,
		);
	return namespace.getByName(name) as unknown as Stub;
}

function payload(key: string): PayloadObject {
	return object("Payloads", key);
}

function letters(): LetterObject {
	return object("DeadLetters", "dead-letters");
}

export function schedulerShard(shard: number): SchedulerShard {
	const stub = () => object<SchedulerShard>("Scheduler", `shard-${shard}`);
	return {
		hold: (rows) => reached(stub().hold(rows)),
		cancel: (id, right) => reached(stub().cancel(id, right)),
		reschedule: (id, dueAt, right) =>
			reached(stub().reschedule(id, dueAt, right)),
		list: (after, limit) => reached(stub().list(after, limit)),
		watch: () => reached(stub().watch()),
	};
}

/** @param name the event's name on the bus, `@my-org/email/new_email` */
export function subscriptionsOf(name: string): SubscriptionKeeper {
	const stub = () => object<SubscriptionKeeper>("Subscriptions", name);
	return {
		subscribe: (asked) => reached(stub().subscribe(asked)),
		unsubscribe: (app, key) => reached(stub().unsubscribe(app, key)),
		find: (id) => reached(stub().find(id)),
		match: (filter, after, limit) =>
			reached(stub().match(filter, after, limit)),
		list: (query) => reached(stub().list(query)),
		hook: (secret) => reached(stub().hook(secret)),
		hookSecret: () => reached(stub().hookSecret()),
		rotateHook: () => reached(stub().rotateHook()),
		accept: (deliveryId, eventId) =>
			reached(stub().accept(deliveryId, eventId)),
		confirm: (deliveryId) => reached(stub().confirm(deliveryId)),
		poll: (ms) => reached(stub().poll(ms)),
		state: () => reached(stub().state()),
	};
}

/** What a queue or an object does not answer is an outage, unless it is a refusal of its own. */
async function reached<Result>(answer: Promise<Result>): Promise<Result> {
	try {
		return await answer;
	} catch (cause) {
		const error = reviveError(cause);
		if (isOurs(error)) throw error;
		throw new UnavailableError(
			`Tidings cannot be reached now, try again: ${cause instanceof Error ? cause.message : cause}`,
			{ cause },
		);
	}
}
