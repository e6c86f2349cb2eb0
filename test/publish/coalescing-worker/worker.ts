/**
 * Publishes concurrently in requests, objects, calls and handlers, and records the events of each call of the queue.
 * Each event has the request and the tick that published it. A tick ends when the code waits for I/O.
 */
import {
	DurableObject,
	env,
	exports,
	WorkerEntrypoint,
} from "cloudflare:workers";
import { createEvents } from "tidings";
import { worker } from "tidings/worker";

/** The request and the tick that published an event. */
export interface Published {
	whose: string;
	tick: number;
	/** Number of events of the tick. */
	of: number;
}

const { EVENTS_QUEUE: queue } = env as unknown as { EVENTS_QUEUE: Queue };
const own = exports as unknown as {
	Elsewhere: Fetcher & {
		pause(): Promise<void>;
		publish(whose: string): Promise<void>;
	};
	Somewhere: DurableObjectNamespace<Somewhere>;
};

/** The bodies of each call of the queue, without those that only start handlers. */
const calls: unknown[][] = [];
const { send, sendBatch } = queue;
const note = (records: unknown[]) => {
	const bodies = records.map((record) => JSON.parse(record as string).body);
	if (bodies[0] !== null) calls.push(bodies);
};
queue.send = (record, options) => {
	note([record]);
	return send.call(queue, record, options);
};
queue.sendBatch = (messages, options) => {
	const all = [...messages];
	note(all.map(({ body }) => body));
	return sendBatch.call(queue, all, options);
};

const events = createEvents({ observe: () => {} });
const handled: Published[] = [];
events.on<Published>("noted", { id: "note" }, ({ body }) => {
	handled.push(body);
});
// Handlers of one batch run concurrently.
events.on<string>("handled", { id: "publish", timeout: 60_000 }, ({ id }) =>
	publishIn(`handler of ${id}`),
);

let ticks = 0;

/** Ways to wait for I/O, each of which ends the tick. */
const waits: (() => Promise<unknown>)[] = [
	() => scheduler.wait(0),
	() => scheduler.wait(1),
	() => new Promise((resolve) => setTimeout(resolve, 0)),
	() => queue.metrics(),
	() => own.Elsewhere.pause(),
	() => own.Somewhere.getByName("idle").pause(),
	() => caches.default.match("https://nowhere.example/"),
];

/** Publishes 31 events in ten ticks, concurrently within a tick. It does not await those of every other tick. */
async function publishIn(whose: string): Promise<void> {
	for (let round = 0; round < 10; round++) {
		await waits[ticks % waits.length]?.();
		const of = 1 + (round % 6);
		const tick = ++ticks;
		const sent = Array.from({ length: of }, () =>
			events.publish("noted", { whose, tick, of } satisfies Published),
		);
		if (round % 2 === 0) await Promise.all(sent);
	}
}

export class Elsewhere extends WorkerEntrypoint {
	async pause() {
		await scheduler.wait(0);
	}
	publish(whose: string) {
		return publishIn(whose);
	}
}

export class Somewhere extends DurableObject {
	async pause() {
		await scheduler.wait(0);
	}
	publish(whose: string) {
		return publishIn(whose);
	}
}

let gate = Promise.withResolvers<void>();

const paths: Record<string, (whose: string) => Promise<unknown>> = {
	"/request": publishIn,
	"/call": (whose) => own.Elsewhere.publish(whose),
	"/object": (whose) => own.Somewhere.getByName("busy").publish(whose),
	"/handlers": () =>
		events.publishBatch(
			Array.from({ length: 20 }, () => ({ name: "handled", body: null })),
		),
	"/seen": async () => ({
		calls: calls.splice(0),
		handled: handled.splice(0),
	}),
	// One of these two requests waits until the other resolves its promise.
	"/waiting": async (whose) => {
		gate = Promise.withResolvers();
		const { promise } = gate;
		const alive = scheduler.wait(200);
		await promise;
		await events.publish("noted", { whose, tick: ++ticks, of: 1 });
		await alive;
	},
	"/resolving": async (whose) => {
		await scheduler.wait(50);
		const tick = ++ticks;
		const publish = () => events.publish("noted", { whose, tick, of: 2 });
		const first = publish();
		gate.resolve();
		await Promise.all([first, publish()]);
	},
	// One of these two requests waits for a promise that the other has created.
	"/making": async (whose) => {
		gate = Promise.withResolvers();
		await scheduler.wait(50);
		const tick = ++ticks;
		const publish = () => events.publish("noted", { whose, tick, of: 2 });
		const first = publish();
		gate.resolve();
		await Promise.all([first, publish()]);
	},
	"/joining": async (whose) => {
		await scheduler.wait(20);
		const alive = scheduler.wait(200);
		await gate.promise;
		await events.publish("noted", { whose, tick: ++ticks, of: 1 });
		await alive;
	},
};

export default worker(events, {
	async fetch(request) {
		const { pathname, search } = new URL(request.url);
		return Response.json((await paths[pathname]?.(search)) ?? null);
	},
});
export { DeadLetters, Payloads, Scheduler } from "tidings/objects";
