/** Runs one scenario and samples the heap while it runs, until all of its events have been handled. */
import { setTimeout as wait } from "node:timers/promises";
import type { Running } from "./runtime.ts";
import type { Scenario } from "./scenarios.ts";

/** In bytes. */
export interface Measured {
	/** Heap before the first event, or after the Worker received the whole batch. */
	idle: number;
	/** Largest heap, including garbage. */
	peak: number;
	/** Most bytes in buffers and the runtime's own objects. */
	peakOutside: number;
	samples: number;
	/** Runs of handlers. */
	handled: number;
	largestBatch: number;
}

/** Milliseconds between two samples of the heap, without and with a collection before each. */
const SAMPLE_EVERY = 2;
const COLLECT_EVERY = 50;

/** A scenario fails after this time without progress, in milliseconds. */
const STALLED_AFTER = 60_000;

/** @param isCollected collects garbage before each sample, so that only live objects count */
export async function measure(
	{ batch, handled, before, run }: Scenario,
	running: Running,
	isCollected: boolean,
): Promise<Measured> {
	const { perform, inspector } = running;
	const collect = () => inspector.collect(() => perform("progress"));
	await before?.(running);
	await perform("reset");
	await perform("pause", batch !== undefined);
	if (batch !== undefined) {
		await run(running);
		while ((await perform("progress")).largestBatch === 0) await wait(20);
	}
	await collect();
	const { usedSize: idle } = await inspector.heap();
	const seen = { idle, peak: 0, peakOutside: 0, samples: 0 };
	let isOver = false;
	const sampling = (async () => {
		while (!isOver) {
			if (isCollected) await collect();
			const heap = await inspector.heap();
			const outside = heap.embedderHeapUsedSize + heap.backingStorageSize;
			seen.peak = Math.max(seen.peak, heap.usedSize);
			seen.peakOutside = Math.max(seen.peakOutside, outside);
			seen.samples++;
			await wait(isCollected ? COLLECT_EVERY : SAMPLE_EVERY);
		}
	})();
	try {
		if (batch !== undefined) await perform("pause", false);
		else await run(running);
		const progress = await Promise.race([
			sampling.then(() => perform("progress")),
			allHandled(handled, running),
		]);
		if (progress.largestBatch < (batch ?? 0))
			throw new Error(
				`the largest batch has only ${progress.largestBatch} events`,
			);
		return { ...seen, ...progress };
	} finally {
		isOver = true;
		await sampling;
	}
}

async function allHandled(count: number, { perform }: Running) {
	let last = await perform("progress");
	for (let movedAt = Date.now(); last.handled < count; ) {
		await wait(100);
		const now = await perform("progress");
		if (now.handled > last.handled) movedAt = Date.now();
		if (Date.now() - movedAt > STALLED_AFTER)
			throw new Error(`only ${now.handled} of ${count} events were handled`);
		last = now;
	}
	return last;
}
