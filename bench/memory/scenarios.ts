/** The scenarios of the memory bench. */
import type { BodyKind } from "./bodies.ts";
import type { Running } from "./runtime.ts";
import type { Published } from "./worker.ts";

export interface Scenario {
	name: string;
	/** Runs of handlers that the scenario must reach. */
	handled: number;
	/** Events of the one batch that is measured; absent if the scenario is not one batch. */
	batch?: number;
	/** The local queue itself needs more than the heap limit, which applies to its isolate too. */
	hasLargeQueue?: boolean;
	/** It takes minutes, so it is measured once. */
	isLong?: boolean;
	/** Preparation that is not measured. */
	before?(running: Running): Promise<void>;
	run(running: Running): Promise<void>;
}

/** Bytes that one call publishes. Publishing is not what is measured. */
const CALL_BYTES = 500_000;

async function publish(
	{ perform }: Running,
	what: Omit<Published, "count">,
	count: number,
): Promise<void> {
	const most = Math.max(1, Math.min(100, Math.floor(CALL_BYTES / what.bytes)));
	for (let left = count; left > 0; left -= most)
		await perform("publish", { ...what, count: Math.min(left, most) });
}

/** Fills the batch with events that have no handler, so that it does not wait for its timeout. */
async function publishRest(running: Running, count: number): Promise<void> {
	const what = { name: "no.handler", kind: "text", bytes: 10 } as const;
	const rest = (100 - (count % 100)) % 100;
	if (rest > 0) await publish(running, what, rest);
}

const TO = {
	"handled.by-1": ["1 handler", 1],
	"handled.by-3": ["3 handlers", 3],
	"handled.elsewhere": ["3 handlers behind a binding", 3],
} as const;

function batch(
	kind: BodyKind,
	bytes: number,
	name: keyof typeof TO,
	count: number,
): Scenario {
	const [to, handlers] = TO[name];
	return {
		name: `a batch of ${count}, ${bytes / 1_000} KB of ${kind}, ${to}`,
		handled: count * handlers,
		batch: count,
		async run(running) {
			await publish(running, { name, kind, bytes }, count);
			await publishRest(running, count);
		},
	};
}

function due(bytes: number, count: number, hasLargeQueue = false): Scenario {
	return {
		name: `${count} due at one instant, ${bytes / 1_000} KB`,
		handled: count,
		hasLargeQueue,
		async run(running) {
			const to = { name: "handled.by-1", kind: "rows", bytes } as const;
			await publish(running, { ...to, isLater: true }, count);
			await running.perform("passDay");
			await publishRest(running, count);
		},
	};
}

function hooks(bytes: number, count: number): Scenario {
	return {
		name: `a batch of ${count} calls of a webhook, ${bytes / 1_000} KB`,
		handled: count,
		batch: count,
		before: ({ perform }) => perform("subscribe", { from: 0, count: 1 }),
		async run(running) {
			const { perform, post } = running;
			const path = await perform("hookPath");
			const body = "x".repeat(bytes);
			for (let n = 0; n < count; n++) await post(path, body);
			await publishRest(running, count);
		},
	};
}

/** Subscriptions that one call adds: at most a second of work. */
const PER_CALL = 2_000;

function send(bytes: number, subscribers: number): Scenario {
	return {
		name: `a send to ${subscribers} subscriptions, ${bytes / 1_000} KB`,
		handled: subscribers,
		// A page of up to 500 deliveries is in the queue.
		hasLargeQueue: bytes > 50_000,
		isLong: subscribers > 10_000,
		async before({ perform }) {
			for (let from = 0; from < subscribers; from += PER_CALL)
				await perform("subscribe", {
					from,
					count: Math.min(PER_CALL, subscribers - from),
				});
		},
		async run(running) {
			await running.perform("ring", bytes);
			await publishRest(running, 1);
		},
	};
}

/** @param share of each number of events, for a shorter run. Sizes of bodies stay the same. */
export function scenarios(share = 1): Scenario[] {
	const hundred = Math.ceil(100 * share);
	const of = (count: number) => Math.ceil(count * share);
	return [
		batch("text", 100_000, "handled.by-1", hundred),
		batch("text", 100_000, "handled.by-3", hundred),
		batch("text", 100_000, "handled.elsewhere", hundred),
		batch("wide", 100_000, "handled.by-3", hundred),
		batch("rows", 100_000, "handled.by-3", hundred),
		batch("arrays", 100_000, "handled.by-3", hundred),
		batch("arrays", 100_000, "handled.elsewhere", hundred),
		batch("text", 250_000, "handled.by-3", hundred),
		batch("text", 250_000, "handled.elsewhere", hundred),
		batch("arrays", 250_000, "handled.by-3", hundred),
		hooks(250_000, hundred),
		{
			name: `a publishBatch of ${hundred}, 99 KB of rows`,
			handled: hundred,
			async run(running) {
				const what = { name: "handled.by-1", kind: "rows", bytes: 99_000 };
				await running.perform("publish", {
					...what,
					count: hundred,
				} as Published);
				await publishRest(running, hundred);
			},
		},
		due(1_000, of(10_000)),
		due(20_000, of(10_000), true),
		send(1_000, of(100_000)),
		send(100_000, of(10_000)),
	];
}
