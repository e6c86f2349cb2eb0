/**
 * One batch: its messages ask a Worker together for its handlers, and take turns at calling it, so that one that
 * hangs holds up no message that goes elsewhere. Classes, for a function with a name takes 0.3 us to make: wrangler's
 * bundler names each anew (`keep_names`).
 */
import { type Awaitable, ending } from "../event/awaitable.ts";
import type { ReceivedEvent } from "../event/envelope.ts";
import {
	BATCH_CHARACTERS,
	BATCH_CONCURRENCY,
	EVENT_BYTES,
	HOOK_EVENT_BYTES,
} from "../event/limits.ts";
import { isReservedName } from "../event/name.ts";
import type {
	Call,
	HandlerWorker,
	HandlerWorkers,
	Reporter,
	Runner,
} from "../handlers/call.ts";
import type { Routes } from "../handlers/route.ts";

export class Batch {
	/** No handler begins after this, in epoch milliseconds. */
	readonly until: number;
	/** For what calls no Worker. */
	readonly turns = new Turns();
	readonly #consumers: HandlerWorkers;
	#all: readonly BatchConsumer[] | undefined;

	constructor(consumers: HandlerWorkers, until: number) {
		this.#consumers = consumers;
		this.until = until;
	}

	get consumers(): readonly BatchConsumer[] {
		this.#all ??= this.#consumers.all.map((one) => new BatchConsumer(one));
		return this.#all;
	}

	/** The one that a delivery's handler belongs to. */
	consumerOf(handler: string): BatchConsumer {
		const { key } = this.#consumers.forHandler(handler);
		return this.consumers.find((one) => one.key === key) as BatchConsumer;
	}
}

/** A consumer as one batch sees it. */
export class BatchConsumer implements Runner {
	readonly key: string;
	/** Of the messages of the batch that are under way to this Worker. */
	readonly turns = new Turns();
	readonly #consumer: HandlerWorker;
	#asking: Promise<Routes | undefined> | undefined;

	constructor(consumer: HandlerWorker) {
		this.key = consumer.key;
		this.#consumer = consumer;
	}

	routes(): Awaitable<Routes | undefined> {
		if (this.#asking) return this.#asking;
		const routes = this.#consumer.routes();
		if (!(routes instanceof Promise)) return routes;
		this.#asking = routes.finally(() => {
			this.#asking = undefined;
		});
		return this.#asking;
	}

	run(call: Call, report: Reporter): Awaitable<void> {
		return this.#consumer.run(call, report);
	}

	isReachable(): Promise<boolean> {
		return this.#consumer.isReachable();
	}
}

export class Turns {
	readonly #waiting: { size: number; begin(): void }[] = [];
	#running = 0;
	#room = BATCH_CHARACTERS;

	/**
	 * Acts once there is room: beside fewer than 32 others, their events 2 000 000 characters together at the most.
	 * What is larger acts alone, and all begin in order.
	 */
	take<Result>(
		event: ReceivedEvent,
		act: () => Awaitable<Result>,
	): Awaitable<Result> {
		const size = sizeOf(event);
		if (this.#waiting.length === 0 && this.#fits(size)) {
			this.#letIn(size);
			return ending(act, () => this.#letOut(size));
		}
		const turn = new Promise<void>((begin) => {
			this.#waiting.push({ size, begin });
		});
		return turn.then(() => ending(act, () => this.#letOut(size)));
	}

	#fits(size: number): boolean {
		if (this.#running === 0) return true;
		return this.#running < BATCH_CONCURRENCY && size <= this.#room;
	}

	#letIn(size: number): void {
		this.#running++;
		this.#room -= size;
	}

	#letOut(size: number): void {
		this.#running--;
		this.#room += size;
		for (;;) {
			const next = this.#waiting[0];
			if (!next || !this.#fits(next.size)) return;
			this.#waiting.shift();
			this.#letIn(next.size);
			next.begin();
		}
	}
}

/** In characters; of a body that has not been read yet it is the most that there may be. */
function sizeOf({
	envelope: { reference, name },
	text,
}: ReceivedEvent): number {
	if (reference === undefined) return text.length;
	return isReservedName(name) ? HOOK_EVENT_BYTES : EVENT_BYTES;
}
