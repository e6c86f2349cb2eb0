/** What a Worker's memory is measured in: each scenario says how many events it hands to handlers. */
import type { BodyKind } from "./bodies.ts";
import type { Running } from "./runtime.ts";
import type { Published } from "./worker.ts";

export interface Scenario {
	name: string;
	/** How many times a handler is to run. */
	handled: number;
	/** So many events come in one batch, which is measured from its beginning. */
	batch?: number;
	/** Locally the queue holds more than the heap may have, and its heap would be held to that as well. */
	isQueueLarge?: boolean;
	/** It takes minutes, and its memory is measured once. */
	isLong?: boolean;
	/** What has to be there before, and is not measured. */
	before?(running: Running): Promise<void>;
	run(running: Running): Promise<void>;
}

/** Bytes published in one call: few, for it is not what is measured. */
const CALL_BYTES = 500_000;

async function publish(
	{ act }: Running,
	what: Omit<Published, "count">,
	count: number,
): Promise<void> {
	const most = Math.max(1, Math.min(100, Math.floor(CALL_BYTES / what.bytes)));
	for (let left = count; left > 0; left -= most)
		await act("publish", { ...what, count: Math.min(left, most) });
}

/** With those that nobody handles, so that a batch is whole and does not wait for its timeout. */
async function publishRest(running: Running, count: number): Promise<void> {
	const what = { name: "nobody.hears", kind: "text", bytes: 10 } as const;
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

function due(bytes: number, count: number, isQueueLarge = false): Scenario {
	return {
		name: `${count} due at one instant, ${bytes / 1_000} KB`,
		handled: count,
		isQueueLarge,
		async run(running) {
			const to = { name: "handled.by-1", kind: "rows", bytes } as const;
			await publish(running, { ...to, isLater: true }, count);
			await running.act("passDay");
			await publishRest(running, count);
		},
	};
}

function hooks(bytes: number, count: number): Scenario {
	return {
		name: `a batch of ${count} calls of a webhook, ${bytes / 1_000} KB`,
		handled: count,
		batch: count,
		before: ({ act }) => act("subscribe", { from: 0, count: 1 }),
		async run(running) {
			const { act, post } = running;
			const path = await act("hookPath");
			const body = "x".repeat(bytes);
			for (let n = 0; n < count; n++) await post(path, body);
			await publishRest(running, count);
		},
	};
}

/** Subscribed in one call: a second of work at the most. */
const FILL = 2_000;

function send(bytes: number, subscribers: number): Scenario {
	return {
		name: `a send to ${subscribers} subscriptions, ${bytes / 1_000} KB`,
		handled: subscribers,
		// Up to a page of them waits in the queue.
		isQueueLarge: bytes > 50_000,
		isLong: subscribers > 10_000,
		async before({ act }) {
			for (let from = 0; from < subscribers; from += FILL)
				await act("subscribe", {
					from,
					count: Math.min(FILL, subscribers - from),
				});
		},
		async run(running) {
			await running.act("ring", bytes);
			await publishRest(running, 1);
		},
	};
}

/** @param share of each number, for whoever has less time; bytes stay as they are */
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
				await running.act("publish", { ...what, count: hundred } as Published);
				await publishRest(running, hundred);
			},
		},
		due(1_000, of(10_000)),
		due(20_000, of(10_000), true),
		send(1_000, of(100_000)),
		send(100_000, of(10_000)),
	];
}
