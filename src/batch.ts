/**
 * The consumers as one batch sees them: its messages ask a Worker together for its handlers, and take turns at
 * calling it, so that one that hangs holds up no message that goes elsewhere.
 */
import type {
	BatchConsumer,
	BatchConsumers,
	Consumer,
	Consumers,
	Turn,
} from "./contract/call.ts";
import type { Readable } from "./contract/envelope.ts";
import {
	BATCH_CHARACTERS,
	BATCH_CONCURRENCY,
	EVENT_BYTES,
	HOOK_EVENT_BYTES,
} from "./contract/limits.ts";
import { isOfApp } from "./contract/pattern.ts";
import type { Routes } from "./contract/route.ts";

export function inBatch(consumers: Consumers): BatchConsumers {
	const views = new Map<Consumer, BatchConsumer>();
	let all: BatchConsumer[] | undefined;
	const view = (consumer: Consumer) => {
		const known = views.get(consumer) ?? batchConsumer(consumer);
		views.set(consumer, known);
		return known;
	};
	return {
		get all() {
			all ??= consumers.all.map(view);
			return all;
		},
		of: (handler) => view(consumers.of(handler)),
	};
}

function batchConsumer(consumer: Consumer): BatchConsumer {
	let asking: Promise<Routes | undefined> | undefined;
	return {
		...consumer,
		routes() {
			asking ??= consumer.routes().finally(() => {
				asking = undefined;
			});
			return asking;
		},
		turn: turns(),
	};
}

/** Turns of their own. */
export function turns(): Turn {
	const waiting: { size: number; begin(): void }[] = [];
	let running = 0;
	let room = BATCH_CHARACTERS;
	const fits = (size: number) =>
		running === 0 || (running < BATCH_CONCURRENCY && size <= room);
	const letIn = (size: number) => {
		running++;
		room -= size;
	};
	const letNextIn = () => {
		for (let [next] = waiting; next && fits(next.size); [next] = waiting) {
			waiting.shift();
			letIn(next.size);
			next.begin();
		}
	};
	return async (event, act) => {
		const size = sizeOf(event);
		if (waiting.length === 0 && fits(size)) letIn(size);
		else
			await new Promise<void>((begin) => {
				waiting.push({ size, begin });
			});
		try {
			return await act();
		} finally {
			running--;
			room += size;
			letNextIn();
		}
	};
}

/** In characters; of a body that has not been read yet it is the most that there may be. */
function sizeOf({ envelope: { reference, name }, text }: Readable): number {
	if (reference === undefined) return text.length;
	return isOfApp(name) ? HOOK_EVENT_BYTES : EVENT_BYTES;
}
