/** The queues and objects of the Worker that owns the events, as ports. */
import { env, exports } from "cloudflare:workers";
import type { NewDeadLetter } from "../event/dead-letter.ts";
import {
	isOurs,
	RefusedError,
	reviveError,
	UnavailableError,
} from "../event/errors.ts";
import { show } from "../event/validation.ts";
import type {
	DeadLetterStore,
	JobStore,
	JournalStore,
	PayloadStore,
} from "../ports.ts";
import { binding, currentVersion } from "./environment.ts";
import { log } from "./log.ts";
import type { NamedQueue } from "./queue-names.ts";
import { queuesOf } from "./queue-variable.ts";
import { type BoundQueue, namedQueues, type Queues } from "./queues.ts";

let parsed: { from: unknown; queues: readonly NamedQueue[] } | undefined;

/** @throws TypeError if the var does not name the queues */
function queuesInVar(): readonly NamedQueue[] {
	const from = binding("TIDINGS_QUEUES");
	if (!parsed || parsed.from !== from)
		parsed = { from, queues: queuesOf(from) };
	return parsed.queues;
}

/**
 * The queues that batches come from, checked when the Worker starts.
 *
 * @throws Error if a queue is not named, named twice, or not bound
 */
export function queueNames(): readonly NamedQueue[] {
	const queues = queuesInVar();
	const missing = queues.filter(({ binding }) => !(binding in env));
	if (missing.length > 0)
		throw new Error(
			`tidings: the queue bindings ${missing.map(({ binding, name }) => `${binding} (of ${name})`).join(", ")} are missing; add them to [[queues.producers]]`,
		);
	return queues;
}

export function boundQueues(random: () => number): Queues {
	// Written out: a deploy replaces the expression, and removes the branch.
	if (process.env.NODE_ENV === "development" && isDurableLocalRun()) {
		log("local_queues_durable");
		return namedQueues(queuesInVar, localQueue, random);
	}
	return namedQueues(queuesInVar, boundQueue, random);
}

/** @throws Error if the var is neither empty nor `durable` */
function isDurableLocalRun(): boolean {
	const mode = binding<unknown>("TIDINGS_LOCAL") ?? "";
	if (mode === "" || mode === "durable") return mode === "durable";
	throw new Error(
		`tidings: TIDINGS_LOCAL is ${show(mode)}; set it to durable, or remove it to use the local queues`,
	);
}

/** A queue of a durable local run, in an object that a reload does not empty. */
function localQueue(name: string): BoundQueue {
	const role = queuesInVar().find(({ binding }) => binding === name)?.role;
	const object = objectPort<{
		send(
			queue: object,
			records: readonly string[],
			delaySeconds: number,
		): Promise<void>;
		metrics(queue: string): Promise<QueueMetrics>;
	}>("Scheduler", "local-queues", ["send", "metrics"]);
	return {
		send: (record, delaySeconds = 0) =>
			object.send({ name, role }, [record], delaySeconds),
		sendBatch: (records) => object.send({ name, role }, records, 0),
		metrics: () => object.metrics(name),
	};
}

/** The binding is looked up with each call: a request must not use the binding of another. */
function boundQueue(name: string): BoundQueue {
	const target = () => {
		const found = binding<Queue<string>>(name);
		if (found !== undefined) return found;
		throw new Error(
			`tidings: the queue binding ${name} is missing; add it to [[queues.producers]]`,
		);
	};
	return {
		async send(record, delaySeconds = 0) {
			const options = { contentType: "text", delaySeconds } as const;
			await asUnavailable(name, target().send(record, options));
		},
		async sendBatch(records) {
			const messages = records.map((body) => ({
				body,
				contentType: "text" as const,
			}));
			await asUnavailable(name, target().sendBatch(messages));
		},
		metrics: () => asUnavailable(name, target().metrics()),
	};
}

/**
 * A port to one Durable Object. The object is looked up with each call: a request must not use the stub of another.
 *
 * @param className the name under which the main module exports the class
 * @param methods the methods that the port has
 */
export function objectPort<Port extends object>(
	className: string,
	name: string,
	methods: readonly (keyof Port & string)[],
): Port {
	type Method = (...args: unknown[]) => Promise<unknown>;
	const port = methods.map((method) => [
		method,
		async (...args: unknown[]) => {
			const stub = objectStub(className, name) as Record<string, Method>;
			const answer = stub[method]?.(...args) as Promise<unknown>;
			return asUnavailable(`${className} ${name}`, answer);
		},
	]);
	return Object.fromEntries(port);
}

function objectStub(className: string, name: string): unknown {
	const namespace = namespaceOf(className);
	if (typeof namespace?.getByName === "function")
		return namespace.getByName(name);
	throw new RefusedError(
		"not_configured",
		`this Worker has no object ${className}; export * from "tidings/objects" in its main module, and declare it in the wrangler configuration: [exports.${className}] with type = "durable-object" and storage = "sqlite"`,
	);
}

function namespaceOf(className: string): DurableObjectNamespace | undefined {
	return (
		exports as unknown as Record<string, DurableObjectNamespace | undefined>
	)[className];
}

/** Whether the main module exports the class and the configuration declares it. Not known before the first request. */
export function isObjectDeclared(className: string): boolean {
	return typeof namespaceOf(className)?.getByName === "function";
}

/** One object for each body. */
export function boundPayloads(): PayloadStore {
	interface Payload {
		put(text: string, until: number): Promise<void>;
		get(): Promise<string | null>;
		extend(until: number): Promise<boolean>;
		delete(): Promise<boolean>;
	}
	const payload = (key: string) =>
		objectPort<Payload>("Payloads", key, ["put", "get", "extend", "delete"]);
	return {
		put: async (key, text, until) => payload(key).put(text, until),
		get: async (key) => payload(key).get(),
		extend: async (key, until) => payload(key).extend(until),
		delete: async (key) => payload(key).delete(),
	};
}

/** Dead letters are marked with the deploy, as pages of the journal are. */
export function boundDeadLetters(): DeadLetterStore {
	type Stub = Omit<DeadLetterStore, "store"> & {
		store(deadLetters: readonly NewDeadLetter[], deploy: string): Promise<void>;
	};
	const stub = objectPort<Stub>("DeadLetters", "dead-letters", [
		"store",
		"list",
		"count",
		"groups",
		"counts",
		"get",
		"claim",
		"confirmSent",
		"release",
		"resolve",
		"discard",
		"erase",
	] as const);
	return {
		...stub,
		store: (deadLetters) => stub.store(deadLetters, deployId()),
	};
}

/** Empty if this Worker does not know its version. */
function deployId(): string {
	return currentVersion()?.id ?? "";
}

export function boundJobs(): JobStore {
	return objectPort<JobStore>("Jobs", "jobs", ["start", "get", "list", "stop"]);
}

export function boundJournal(): JournalStore {
	type Batch = Parameters<JournalStore["record"]>;
	type Stub = Omit<JournalStore, "isDeclared" | "record"> & {
		record(page: Batch[0], counts: Batch[1], deploy: string): Promise<void>;
	};
	const stub = objectPort<Stub>("Journal", "journal-0", [
		"record",
		"search",
		"list",
		"lives",
		"ids",
		"erase",
		"counts",
	] as const);
	return {
		...stub,
		isDeclared: () => isObjectDeclared("Journal"),
		async record(page, counts) {
			await stub.record(page, counts, deployId());
		},
	};
}

/**
 * Turns the failure of a queue or an object into an UnavailableError. A rejection of our own classes stays as it is.
 * The platform's own text goes to the log: callers may be outside of the account.
 */
async function asUnavailable<Result>(
	store: string,
	answer: Promise<Result>,
): Promise<Result> {
	try {
		return await answer;
	} catch (cause) {
		const error = reviveError(cause);
		if (isOurs(error)) throw error;
		log("store_failed", { store, error: cause });
		throw new UnavailableError("Tidings is not available now; try again", {
			cause,
		});
	}
}
