/**
 * Limits concurrency within one batch: per Worker, 32 messages and 2 000 000 characters of events. A hanging Worker does
 * not block messages for other Workers.
 */
import type { ReceivedEvent } from "../event/envelope.ts";
import {
	BATCH_CHARACTERS,
	BATCH_CONCURRENCY,
	BATCH_TIME,
	EVENT_BYTES,
	HOOK_EVENT_BYTES,
} from "../event/limits.ts";
import { isReservedName } from "../event/name.ts";
import type { Call, HandlerWorker, Reporter } from "../handlers/call.ts";
import type { Routes } from "../handlers/route.ts";
import type { Ports } from "../ports.ts";

export class Batch {
	/** No handler of a message with several handlers starts after this, in epoch milliseconds. */
	readonly until: number;
	/** The Workers as this batch sees them. */
	readonly workers: readonly BatchWorker[];
	/** Limits messages that call no Worker. */
	readonly limiter = new ConcurrencyLimiter();
	readonly #workers: Ports["workers"];

	constructor({ workers, clock }: Pick<Ports, "workers" | "clock">) {
		this.#workers = workers;
		this.until = clock() + BATCH_TIME;
		this.workers = workers.all.map((worker) => new BatchWorker(worker));
	}

	/** The Worker that a delivery's handler belongs to. */
	workerFor(handler: string): BatchWorker {
		const { key } = this.#workers.forHandler(handler);
		return this.workers.find((one) => one.key === key) as BatchWorker;
	}
}

/** A Worker within one batch: its messages share one request for its handlers, and the limit on calls. */
export class BatchWorker implements HandlerWorker {
	readonly key: string;
	readonly limiter = new ConcurrencyLimiter();
	readonly #worker: HandlerWorker;
	#routes: Promise<Routes | undefined> | undefined;

	constructor(worker: HandlerWorker) {
		this.key = worker.key;
		this.#worker = worker;
	}

	routes(): Promise<Routes | undefined> {
		this.#routes ??= this.#askForRoutes();
		return this.#routes;
	}

	/** Messages that ask together share the answer. Later ones ask again, because the Worker may be redeployed. */
	async #askForRoutes(): Promise<Routes | undefined> {
		try {
			return await this.#worker.routes();
		} finally {
			this.#routes = undefined;
		}
	}

	run(call: Call, report: Reporter, host?: object): Promise<void> {
		return this.#worker.run(call, report, host);
	}

	isReachable(): Promise<boolean> {
		return this.#worker.isReachable();
	}
}

class ConcurrencyLimiter {
	readonly #waiting: { size: number; start(): void }[] = [];
	#running = 0;
	#free = BATCH_CHARACTERS;

	/**
	 * Waits until fewer than 32 others run and all their events have at most 2 000 000 characters together. A larger event
	 * runs alone. All start in order. Returns the function that ends this run.
	 */
	async acquire(event: ReceivedEvent): Promise<() => void> {
		const size = sizeOf(event);
		if (this.#waiting.length === 0 && this.#fits(size)) this.#enter(size);
		else {
			const { promise, resolve } = Promise.withResolvers<void>();
			this.#waiting.push({ size, start: resolve });
			await promise;
		}
		return () => this.#leave(size);
	}

	/** Runs `act` within these limits. */
	async run<Result>(
		event: ReceivedEvent,
		act: () => Promise<Result>,
	): Promise<Result> {
		const release = await this.acquire(event);
		try {
			return await act();
		} finally {
			release();
		}
	}

	#fits(size: number): boolean {
		if (this.#running === 0) return true;
		return this.#running < BATCH_CONCURRENCY && size <= this.#free;
	}

	#enter(size: number): void {
		this.#running++;
		this.#free -= size;
	}

	#leave(size: number): void {
		this.#running--;
		this.#free += size;
		for (;;) {
			const next = this.#waiting[0];
			if (!next || !this.#fits(next.size)) return;
			this.#waiting.shift();
			this.#enter(next.size);
			next.start();
		}
	}
}

/** In characters. For a body that is not loaded yet it is the most that it may have. */
function sizeOf({
	envelope: { reference, name },
	text,
}: ReceivedEvent): number {
	if (reference === undefined) return text.length;
	return isReservedName(name) ? HOOK_EVENT_BYTES : EVENT_BYTES;
}
