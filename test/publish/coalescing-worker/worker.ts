/** Publishes in turns of requests, objects, calls and handlers, all beside each other, and notes what each call of the queue took. */
import {
	DurableObject,
	env,
	exports,
	WorkerEntrypoint,
} from "cloudflare:workers";
import { createEvents } from "tidings";
import { worker } from "tidings/worker";

/** Whose event it is, and of which of its turns. */
export interface Published {
	whose: string;
	turn: number;
	/** So many the turn publishes. */
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

/** The bodies that each call of the queue had, but for those that only have handlers run. */
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
// Handlers of one batch run beside each other.
events.on<string>("handled", { id: "publish", timeout: 60_000 }, ({ id }) =>
	publishIn(`handler of ${id}`),
);

let turns = 0;

/** Ways to wait for something outside, each of which ends the turn. */
const waits: (() => Promise<unknown>)[] = [
	() => scheduler.wait(0),
	() => scheduler.wait(1),
	() => new Promise((resolve) => setTimeout(resolve, 0)),
	() => queue.metrics(),
	() => own.Elsewhere.pause(),
	() => own.Somewhere.getByName("idle").pause(),
	() => caches.default.match("https://nowhere.example/"),
];

/** Ten turns; in each some publishes at once, of which every other turn's nobody awaits. 31 in all. */
async function publishIn(whose: string): Promise<void> {
	for (let round = 0; round < 10; round++) {
		await waits[turns % waits.length]?.();
		const of = 1 + (round % 6);
		const turn = ++turns;
		const sent = Array.from({ length: of }, () =>
			events.publish("noted", { whose, turn, of } satisfies Published),
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
	// Of these two, one waits for what the other does.
	"/waiting": async (whose) => {
		gate = Promise.withResolvers();
		const { promise } = gate;
		const alive = scheduler.wait(200);
		await promise;
		await events.publish("noted", { whose, turn: ++turns, of: 1 });
		await alive;
	},
	"/resolving": async (whose) => {
		await scheduler.wait(50);
		const turn = ++turns;
		const publish = () => events.publish("noted", { whose, turn, of: 2 });
		const first = publish();
		gate.resolve();
		await Promise.all([first, publish()]);
	},
	// Of these two, one waits for a promise that the other has made.
	"/making": async (whose) => {
		gate = Promise.withResolvers();
		await scheduler.wait(50);
		const turn = ++turns;
		const publish = () => events.publish("noted", { whose, turn, of: 2 });
		const first = publish();
		gate.resolve();
		await Promise.all([first, publish()]);
	},
	"/joining": async (whose) => {
		await scheduler.wait(20);
		const alive = scheduler.wait(200);
		await gate.promise;
		await events.publish("noted", { whose, turn: ++turns, of: 1 });
		await alive;
	},
};

export default worker(events, {
	async fetch(request) {
		const { pathname, search } = new URL(request.url);
		return Response.json((await paths[pathname]?.(search)) ?? null);
	},
});
export { DeadLetters, Payloads, Scheduler } from "tidings/worker";
