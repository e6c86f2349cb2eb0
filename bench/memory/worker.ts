/** The Worker whose memory is measured: no meter stands around it, so that what is measured is its own. */
import { exports } from "cloudflare:workers";
import { createEvents, defineConfig } from "tidings";
import { type Capabilities, createApp } from "tidings/apps";
import {
	Scheduler as BareScheduler,
	Subscriptions as BareSubscriptions,
	subscriber,
	worker,
} from "tidings/worker";
import { portsOf } from "../../src/events.ts";
import { subscriptionsOf } from "../../src/platform/bindings.ts";
import { BODIES, type BodyKind } from "./bodies.ts";

export { DeadLetters, Payloads } from "tidings/worker";

/** What has come of a scenario so far. */
const told = { handled: 0, largestBatch: 0 };

/** While it is closed a batch waits, whole and not begun. */
const gate = { isOpen: true };

/** A handler takes a moment, so that those which run beside each other are in memory together. */
async function handles(): Promise<void> {
	await scheduler.wait(20);
	told.handled++;
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
			handler: { default: handles },
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
				told.handled++;
			},
		},
	},
});

const events = createEvents({ apps: [bell, guest], observe: () => {} });
const mail = createEvents();
for (const n of [1, 2, 3]) {
	events.on("handled.by-3", { id: `by-3-${n}` }, handles);
	mail.on("handled.elsewhere", { id: `elsewhere-${n}` }, handles);
}
events.on("handled.by-1", { id: "by-1" }, handles);

// One shard, so that what is due at one instant is due in one object.
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

const own = worker(events, { config });
const NAME = "@memory/bell/rung";

/** What the one who measures may ask for. */
export interface Acts {
	told(): Promise<typeof told>;
	reset(): Promise<void>;
	gate(isOpen: boolean): Promise<void>;
	publish(what: Published): Promise<void>;
	/** A day passes, and the alarm of what is due then comes. */
	passDay(): Promise<void>;
	/** The path of the hook of the app's event. */
	hookPath(): Promise<string>;
	/** Subscribes so many, from one number on. */
	subscribe(what: { from: number; count: number }): Promise<void>;
	/** Sends to all subscribers. */
	ring(bytes: number): Promise<void>;
}

export interface Published {
	name: string;
	count: number;
	kind: BodyKind;
	bytes: number;
	/** Due in a day, all at the same instant. */
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
/** The one instant at which everything of a scenario is due. */
let tomorrow = new Date(0);

const acts: Acts = {
	told: async () => told,
	async reset() {
		Object.assign(told, { handled: 0, largestBatch: 0 });
		tomorrow = new Date(Date.now() + DAY);
	},
	async gate(isOpen) {
		gate.isOpen = isOpen;
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
		await classes.Scheduler.getByName("shard-0").ring();
	},
	async hookPath() {
		const secret = await subscriptionsOf(NAME).webhookSecret();
		return new URL(portsOf(events).webhookUrl(NAME, secret)).pathname;
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
		const act = new URL(request.url).pathname.slice(1) as keyof Acts;
		if (!Object.hasOwn(acts, act)) return own.fetch(request, env, ctx);
		try {
			const result = await acts[act]((await request.json()) as never);
			return Response.json(result ?? null);
		} catch (error) {
			return new Response(String(error), { status: 500 });
		}
	},
	async queue(batch, env, ctx) {
		const { length } = batch.messages;
		told.largestBatch = Math.max(told.largestBatch, length);
		while (!gate.isOpen) await scheduler.wait(5);
		return own.queue(batch, env, ctx);
	},
} satisfies ExportedHandler<Cloudflare.Env>;

export class Scheduler extends BareScheduler {
	async ring(): Promise<void> {
		await this.alarm();
	}
}

export class Subscriptions extends BareSubscriptions {
	/** Subscribes in one call what would be a hundred thousand. */
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
