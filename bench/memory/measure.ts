/** Runs one scenario and samples the heap while it runs, until all of its events have been handled. */
import { setTimeout as wait } from "node:timers/promises";
import type { Running } from "./runtime.ts";
import type { Scenario } from "./scenarios.ts";

/** In bytes. */
export interface Measured {
	/** Before its first event, or with its batch in hand. */
	idle: number;
	/** The most that the heap had in use, what was not collected yet included. */
	peak: number;
	/** The most that was set aside for the heap. */
	peakTotal: number;
	/** The most in buffers and in the runtime's own objects. */
	peakOutside: number;
	samples: number;
	/** How many times a handler has run. */
	handled: number;
	largestBatch: number;
}

/** Milliseconds between two looks at the heap. */
const OFTEN = 2;
const SELDOM = 50;

/** So long a scenario may stand still, in milliseconds. */
const PATIENCE = 60_000;

/** @param isLive what nobody uses is collected before each look, so that only what is held counts */
export async function measure(
	{ batch, handled, before, run }: Scenario,
	running: Running,
	isLive: boolean,
): Promise<Measured> {
	const { act, inspector } = running;
	const collect = () => inspector.collect(() => act("told"));
	await before?.(running);
	await act("reset");
	await act("gate", batch === undefined);
	if (batch !== undefined) {
		await run(running);
		while ((await act("told")).largestBatch === 0) await wait(20);
	}
	await collect();
	const { usedSize: idle } = await inspector.heap();
	const seen = { idle, peak: 0, peakTotal: 0, peakOutside: 0, samples: 0 };
	let isOver = false;
	const sampling = (async () => {
		while (!isOver) {
			if (isLive) await collect();
			const heap = await inspector.heap();
			const outside = heap.embedderHeapUsedSize + heap.backingStorageSize;
			seen.peak = Math.max(seen.peak, heap.usedSize);
			seen.peakTotal = Math.max(seen.peakTotal, heap.totalSize);
			seen.peakOutside = Math.max(seen.peakOutside, outside);
			seen.samples++;
			await wait(isLive ? SELDOM : OFTEN);
		}
	})();
	try {
		if (batch !== undefined) await act("gate", true);
		else await run(running);
		const told = await Promise.race([
			sampling.then(() => act("told")),
			allHandled(handled, running),
		]);
		if (told.largestBatch < (batch ?? 0))
			throw new Error(`its largest batch had ${told.largestBatch} events`);
		return { ...seen, ...told };
	} finally {
		isOver = true;
		await sampling;
	}
}

async function allHandled(count: number, { act }: Running) {
	let told = await act("told");
	for (let movedAt = Date.now(); told.handled < count; ) {
		await wait(100);
		const now = await act("told");
		if (now.handled > told.handled) movedAt = Date.now();
		if (Date.now() - movedAt > PATIENCE)
			throw new Error(`${now.handled} of ${count} were handled`);
		told = now;
	}
	return told;
}
