/** Finds the queues and objects of the Worker that owns the events, as the ports that the steps declare. */
import { env, exports } from "cloudflare:workers";
import type { SubscriptionStore } from "../apps/subscriptions/subscription.ts";
import type { Letters } from "../dead-letters/replay.ts";
import type { NewDeadLetter } from "../event/dead-letter.ts";
import { isOurs, reviveError, UnavailableError } from "../event/errors.ts";
import type { SchedulerShard } from "../schedule/shards.ts";
import type { Lanes, RecordQueue } from "./lane.ts";
import { lanePorts } from "./lanes.ts";
import type { NamedQueue } from "./queue-names.ts";
import { queuesOf } from "./queue-variable.ts";

/** What the Worker that owns the events has in its environment, under the names that its var leads to. */
const bound = env as unknown as Record<string, Queue<string> | undefined> & {
	/** The queues' names, since a batch tells which queue it is from by name. */
	TIDINGS_QUEUES?: unknown;
};

let known: { from: unknown; queues: readonly NamedQueue[] } | undefined;

/** Read from the var once. @throws TypeError for what does not name queues */
function named(): readonly NamedQueue[] {
	const { TIDINGS_QUEUES: from } = bound;
	if (!known || known.from !== from) known = { from, queues: queuesOf(from) };
	return known.queues;
}

type LetterObject = Letters & {
	store(letters: readonly NewDeadLetter[]): Promise<void>;
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

/** The queues that batches come from. @throws Error when they are not named, one is named twice, or is not bound */
export function queueNames(): readonly NamedQueue[] {
	const queues = named();
	const missing = queues.filter(({ binding }) => !(binding in env));
	if (missing.length > 0)
		throw new Error(
			`tidings: the queue bindings ${missing.map(({ binding, name }) => `${binding} (of ${name})`).join(", ")} are missing: add them to [[queues.producers]]`,
		);
	return queues;
}

export type Bindings = ReturnType<typeof bindings>;

/** The ports that lead to queues and objects; each call finds its object anew, for no request may use another's. */
export function bindings() {
	return {
		events: queue("EVENTS_QUEUE") as RecordQueue,
		retries: queue("RETRIES_QUEUE") as RecordQueue,
		deadLetters: queue("DEAD_LETTERS_QUEUE") as RecordQueue,
		lanes: new Map() as Lanes,
		/** By where they are named. */
		queues: (): { label: string; metrics(): Promise<QueueMetrics> }[] => [],
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

/** All queues that the var names, in place of the first of each role; what only publishes carries none of it. */
export function namedQueues() {
	return {
		...lanePorts(named, queue),
		queues: () =>
			named().map(({ label, binding }) => ({
				label,
				metrics: queue(binding).metrics,
			})),
	} satisfies Partial<Bindings>;
}

const ports = new Map<string, ReturnType<typeof portOf>>();

/** The port of a queue, made once: it is asked for with each send. */
function queue(binding: string): ReturnType<typeof portOf> {
	const port = ports.get(binding) ?? portOf(binding);
	ports.set(binding, port);
	return port;
}

function portOf(binding: string) {
	const target = () => {
		const found = bound[binding];
		if (found === undefined)
			throw new Error(
				`tidings: the queue binding ${binding} is missing: add it to [[queues.producers]]`,
			);
		return found;
	};
	return {
		async send(record: string, delaySeconds = 0): Promise<void> {
			await reached(
				target().send(record, { contentType: "text", delaySeconds }),
			);
		},
		async sendBatch(records: readonly string[]): Promise<void> {
			const messages = records.map((body) => ({
				body,
				contentType: "text" as const,
			}));
			await reached(target().sendBatch(messages));
		},
		async metrics(): Promise<QueueMetrics> {
			return reached(target().metrics());
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
export function subscriptionsOf(name: string): SubscriptionStore {
	const stub = () => object<SubscriptionStore>("Subscriptions", name);
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
		phase: () => reached(stub().phase()),
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
