/** Counts what the platform bills. It wraps bindings, objects and their storage, and changes no behaviour. */
import { env } from "cloudflare:workers";
import { type Counts, NOTHING } from "./counts.ts";

let counts: Counts = { ...NOTHING };
/** Number of the count: what began before it is not a part of it. */
let run = 0;
/** Messages in a queue, and calls that have not ended. */
let underWay = 0;

export function startCounting(): void {
	counts = { ...NOTHING };
	run++;
}

/** Returns the counts since `startCounting`, once all messages and calls have ended. */
export async function counted(): Promise<Counts> {
	while (underWay > 0) await scheduler.wait(1);
	return { ...counts };
}

/** Queue operations of one write, read or delete. A KB is 1 000 bytes, and metadata takes about 100 bytes. */
function operations(body: unknown): number {
	const { byteLength } = new TextEncoder().encode(body as string);
	return Math.ceil((byteLength + 100) / 64_000);
}

async function whileRunning<Result>(
	call: () => Result | Promise<Result>,
): Promise<Result> {
	underWay++;
	try {
		return await call();
	} finally {
		underWay--;
	}
}

/** Counts writes to a queue. */
export function meterQueue(binding: string): void {
	const queue = (env as unknown as Record<string, Queue>)[binding] as Queue;
	const { send, sendBatch } = queue;
	const write = (body: unknown) => {
		counts.writes += operations(body);
		underWay++;
	};
	queue.send = (body, options) => {
		write(body);
		return send.call(queue, body, options);
	};
	queue.sendBatch = (messages, options) => {
		const all = [...messages];
		for (const { body } of all) write(body);
		return sendBatch.call(queue, all, options);
	};
}

// biome-ignore lint/suspicious/noExplicitAny: the arguments are passed on unchanged
type Handler = (input: any, env: any, ctx: any) => any;

/** Counts HTTP requests, and reads and deletes of queues. */
export function meterWorker<Own extends { fetch: Handler; queue: Handler }>(
	own: Own,
): Own {
	return {
		...own,
		fetch: (request: Request, env: unknown, ctx: unknown) => {
			counts.httpRequests++;
			return whileRunning(() => own.fetch(request, env, ctx));
		},
		queue: ({ queue, messages }: MessageBatch, env: unknown, ctx: unknown) =>
			whileRunning(() =>
				own.queue({ queue, messages: messages.map(metered) }, env, ctx),
			),
	};
}

function metered(message: Message): Message {
	const { id, timestamp, body, attempts } = message;
	counts.reads += operations(body);
	return {
		id,
		timestamp,
		body,
		attempts,
		ack() {
			counts.deletes += operations(body);
			underWay--;
			message.ack();
		},
		retry: (options) => message.retry(options),
	};
}

// biome-ignore lint/suspicious/noExplicitAny: a mixin's constructor must accept any arguments
type AnyClass = new (...args: any[]) => object;

/** Adds the rows that an object has read and written since its last call. */
const rowCounters = new WeakMap<object, () => void>();

/** Counts calls of an object, its alarms, and the rows of its storage. */
export function meterObject<Class extends AnyClass>(Base: Class): Class {
	class Metered extends Base {
		// biome-ignore lint/suspicious/noExplicitAny: a mixin's constructor must accept any arguments
		constructor(...args: any[]) {
			const countRows = meterStorage((args[0] as DurableObjectState).storage);
			super(...args);
			rowCounters.set(this, countRows);
		}
	}
	return countingCalls(Base, Metered, () => counts.objectRequests++);
}

/** Counts calls of an entrypoint through service bindings. */
export function meterEntrypoint<Class extends AnyClass>(Base: Class): Class {
	class Metered extends Base {}
	return countingCalls(Base, Metered, (method) => {
		if (!/^(handlers|apps)$/.test(method)) counts.bindingCalls++;
	});
}

function countingCalls<Class extends AnyClass>(
	{ prototype }: Class,
	Metered: Class,
	count: (method: string) => void,
): Class {
	for (const name of Object.getOwnPropertyNames(prototype)) {
		if (name === "constructor") continue;
		const method = prototype[name];
		Metered.prototype[name] = function (this: object, ...args: unknown[]) {
			count(name);
			return whileRunning(async () => {
				try {
					return await method.apply(this, args);
				} finally {
					rowCounters.get(this)?.();
				}
			});
		};
	}
	return Metered;
}

/** Returns a function that counts the rows of the cursors so far: a cursor counts while it is read. */
function meterStorage(storage: DurableObjectStorage): () => void {
	const { sql, kv, setAlarm, deleteAlarm, deleteAll } = storage;
	const exec = sql.exec.bind(sql);
	let cursors: { run: number; cursor: ReturnType<typeof exec> }[] = [];
	sql.exec = ((...args: Parameters<typeof exec>) => {
		const cursor = exec(...args);
		cursors.push({ run, cursor });
		return cursor;
	}) as typeof sql.exec;
	// Each key is one row of a hidden table.
	const { get, put, delete: remove } = kv;
	kv.get = ((key: string) => {
		const value = get.call(kv, key);
		// A lookup that finds nothing reads no rows (measured with a table of the same form).
		if (value !== undefined) counts.rowsRead++;
		return value;
	}) as typeof kv.get;
	kv.put = (key, value) => {
		counts.rowsWritten++;
		put.call(kv, key, value);
	};
	kv.delete = (key) => {
		counts.rowsWritten++;
		return remove.call(kv, key);
	};
	storage.deleteAll = (...args) => {
		counts.rowsWritten++;
		return deleteAll.apply(storage, args);
	};
	storage.setAlarm = (...args) => {
		counts.rowsWritten++;
		return setAlarm.apply(storage, args);
	};
	storage.deleteAlarm = (...args) => {
		counts.rowsWritten++;
		return deleteAlarm.apply(storage, args);
	};
	return () => {
		for (const { cursor } of cursors.filter((one) => one.run === run)) {
			counts.rowsRead += cursor.rowsRead;
			counts.rowsWritten += cursor.rowsWritten;
		}
		cursors = [];
	};
}
