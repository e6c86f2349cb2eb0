/** The Worker whose memory is measured, without the meter of `bench/cost`. */
import { exports } from "cloudflare:workers";
import { createEvents, defineConfig } from "tidings";
import { apps, type Capabilities, createApp } from "tidings/apps";
import {
	Scheduler as BareScheduler,
	Subscriptions as BareSubscriptions,
} from "tidings/objects";
import { subscriber, worker } from "tidings/worker";
import { boundSubscriptions } from "../../src/apps/subscriptions/bound-subscriptions.ts";
import { appPortsOf } from "../../test/support/app-ports.ts";
import { BODIES, type BodyKind } from "./bodies.ts";

export { DeadLetters, Payloads } from "tidings/objects";

/** Progress of the scenario. */
const progress = { handled: 0, largestBatch: 0 };

/** While paused, a received batch waits before its first event. */
let isPaused = false;

/** Takes 20 ms, so that concurrent handlers are in memory together. */
async function handle(): Promise<void> {
	await scheduler.wait(20);
	progress.handled++;
}

const bell = createApp("@memory/bell", {
	events: {
		rung: {
			description: "Fires when somebody rings",
			capabilities: [],
			tokens: { "@memory/auth": { door: ["number"] } },
			payload: { type: "object" },
		},
	},
	handlers: {
		rung: {
			start: { default: () => {} },
			handler: { default: handle },
			stop: { default: () => {} },
		},
	},
	tools: {
		ring: {
			default: (bytes: unknown, { event }: Capabilities) =>
				event.send("rung", { payload: { text: BODIES.text(Number(bytes)) } }),
		},
	},
	capabilities: ["event"],
});

const guest = createApp("@memory/guest", {
	tools: {
		hear: {
			default: () => {
				progress.handled++;
			},
		},
	},
});

const events = createEvents({ apps: [bell, guest], observe: () => {} });
const mail = createEvents();
for (const n of [1, 2, 3]) {
	events.on("handled.by-3", { id: `by-3-${n}` }, handle);
	mail.on("handled.elsewhere", { id: `elsewhere-${n}` }, handle);
}
events.on("handled.by-1", { id: "by-1" }, handle);

// One shard, so that all events due at one instant are due in one object.
const config = defineConfig({
	url: "https://events.example",
	shards: 1,
	subscribers: { mail: { binding: "MAIL" } },
	issuers: {
		"@memory/auth": {
			issuer: "https://auth.example",
			secret: "a secret of the scenarios, 32 bytes at least",
		},
	},
});

const own = worker(events, { config, apps: apps() });
const NAME = "@memory/bell/rung";

/** The actions that the bench may ask for. */
export interface Actions {
	progress(): Promise<typeof progress>;
	reset(): Promise<void>;
	pause(isPaused: boolean): Promise<void>;
	publish(published: Published): Promise<void>;
	/** Advances the clock by a day, and runs the scheduler's alarm. */
	passDay(): Promise<void>;
	/** The path of the event's webhook. */
	hookPath(): Promise<string>;
	/** Adds subscriptions with numbers from `from` on. */
	subscribe(added: { from: number; count: number }): Promise<void>;
	/** Sends to all subscribers. */
	ring(bytes: number): Promise<void>;
}

export interface Published {
	name: string;
	count: number;
	kind: BodyKind;
	bytes: number;
	/** Schedules all events for the same instant in a day. */
	isLater?: boolean;
}

const classes = exports as unknown as {
	Scheduler: DurableObjectNamespace<Scheduler>;
	Subscriptions: DurableObjectNamespace<Subscriptions>;
};

const DAY = 86_400_000;
const realNow = Date.now.bind(Date);
let ahead = 0;
Date.now = () => realNow() + ahead;
/** The instant at which all scheduled events of a scenario are due. */
let tomorrow = new Date(0);

const actions: Actions = {
	progress: async () => progress,
	async reset() {
		Object.assign(progress, { handled: 0, largestBatch: 0 });
		tomorrow = new Date(Date.now() + DAY);
	},
	async pause(paused) {
		isPaused = paused;
	},
	async publish({ name, count, kind, bytes, isLater = false }) {
		const after = isLater ? { after: tomorrow } : {};
		const items = Array.from({ length: count }, () => ({
			name,
			body: BODIES[kind](bytes),
			...after,
		}));
		await events.publishBatch(items);
	},
	async passDay() {
		ahead += DAY;
		await classes.Scheduler.getByName("shard-0").fireAlarm();
	},
	async hookPath() {
		const secret = await boundSubscriptions(NAME).webhookSecret();
		return new URL(appPortsOf(events).webhookUrl(NAME, secret)).pathname;
	},
	async subscribe({ from, count }) {
		await classes.Subscriptions.getByName(NAME).fill(from, count);
	},
	async ring(bytes) {
		await events.apps.run("@memory/bell", "ring", bytes);
	},
};

export default {
	...own,
	async fetch(request, env, ctx) {
		const action = new URL(request.url).pathname.slice(1) as keyof Actions;
		if (!Object.hasOwn(actions, action)) return own.fetch(request, env, ctx);
		try {
			const result = await actions[action]((await request.json()) as never);
			return Response.json(result ?? null);
		} catch (error) {
			return new Response(String(error), { status: 500 });
		}
	},
	async queue(batch, env, ctx) {
		const { length } = batch.messages;
		progress.largestBatch = Math.max(progress.largestBatch, length);
		while (isPaused) await scheduler.wait(5);
		return own.queue(batch, env, ctx);
	},
} satisfies ExportedHandler<Cloudflare.Env>;

export class Scheduler extends BareScheduler {
	async fireAlarm(): Promise<void> {
		await this.alarm();
	}
}

export class Subscriptions extends BareSubscriptions {
	/** Adds many subscriptions in one call. */
	async fill(from: number, count: number): Promise<void> {
		for (let number = from; number < from + count; number++)
			await this.subscribe({
				app: "@memory/guest",
				tool: "hear",
				key: [["number", number]],
			});
	}
}

export const Subscriber = subscriber(mail);
