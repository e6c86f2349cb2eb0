/** The actions that the Worker performs when the bench asks for them, each with the counts of what it costs. */
import { exports } from "cloudflare:workers";
import { createEvents, defineConfig } from "tidings";
import { worker } from "tidings/worker";
import { boundSubscriptions } from "../../src/apps/subscriptions/bound-subscriptions.ts";
import type { SubscriptionKey } from "../../src/apps/subscriptions/subscription-key.ts";
import { acceptMail } from "../../src/apps/webhooks/accept-mail.ts";
import { encodeEvent } from "../../src/event/encode.ts";
import { newId } from "../../src/event/id.ts";
import type { ScheduledRow } from "../../src/event/scheduled-row.ts";
import { portsOf } from "../../src/registration.ts";
import { listScheduled } from "../../src/schedule/list.ts";
import { appPortsOf } from "../../test/support/app-ports.ts";
import type { Counts } from "../cost/counts.ts";
import { counted, startCounting } from "../cost/meter.ts";
import { events, mail, RUNG } from "./events.ts";
import type { Scheduler, Subscriptions } from "./worker.ts";

const DAY = 86_400_000;

/** The clock of the Worker. The bench advances it. */
const realNow = Date.now.bind(Date);
let ahead = 0;
Date.now = () => realNow() + ahead;

const classes = exports as unknown as {
	Scheduler: DurableObjectNamespace<Scheduler>;
	Subscriptions: DurableObjectNamespace<Subscriptions>;
};
const shard = (number: number) =>
	classes.Scheduler.getByName(`shard-${number}`);
const subscriptions = boundSubscriptions(RUNG);

/** Ids of events that are scheduled in the first shard. */
let scheduled: string[] = [];
let shards = 1;
/** Schedules events, in as many shards as `useShards` set. */
let scheduling = events;

const keyOf = (number: number): SubscriptionKey => [
	["number", number],
	["floor", Math.floor(number / 100)],
];
/** Keys that no subscriber of `fill` has. */
const newKey = (n: number) => keyOf(10_000_000 + n);

function rowOf(dueAt: number): ScheduledRow {
	const time = Date.now();
	const head = { id: newId(time, 1), name: "one.a", time, delay: dueAt - time };
	const record = encodeEvent(head, { text: '{"orderId":"o1"}' });
	const rest = { handler: "", version: 0, reference: null, record };
	return { id: head.id, name: head.name, dueAt, ...rest };
}

async function repeat(count: number, act: (n: number) => Promise<unknown>) {
	for (let n = 0; n < count; n++) await act(n);
}

const publish = (count: number, nameOf: (n: number) => string) =>
	events.publishBatch(
		Array.from({ length: count }, (_, n) => ({
			name: nameOf(n),
			body: { orderId: "o1" },
		})),
	);

let newNames = 0;

const MAIL = {
	trigger: "mail",
	from: "ada@example.com",
	to: "bell@example.com",
	headers: {},
	bytes: new Uint8Array(100),
} as const;

const ring = (to: Record<string, number>) =>
	events.apps.run("@scale/bell", "ring", to);

const actions = {
	/** Stores rows in the first shard, due one after the other from 300 days on. */
	async addRows(count: number) {
		const from = Date.now() + 300 * DAY;
		const rows = Array.from({ length: count }, (_, n) => rowOf(from + n));
		await shard(0).store(rows);
		scheduled.push(...rows.slice(0, 1_000).map(({ id }) => id));
		scheduled = scheduled.slice(-3_000);
	},
	/** Schedules further events in this many shards. */
	async useShards(count: number) {
		shards = count;
		scheduling = createEvents({ observe: () => {} });
		worker(scheduling, { config: defineConfig({ shards: count }) });
	},
	async addSubscriptions({ from, count }: { from: number; count: number }) {
		await classes.Subscriptions.getByName(RUNG).fill(
			Array.from({ length: count }, (_, n) => keyOf(from + n)),
		);
	},
	/**
	 * Registers handlers here, and as many in the other Worker. All match an `all.*` name; only the first handler of a
	 * Worker matches the other names.
	 */
	async addHandlers({ from, count }: { from: number; count: number }) {
		const nothing = () => {};
		for (let n = from; n < from + count; n++) {
			const here = n === 0 ? ["one.*", "all.here", "new.**"] : ["all.here"];
			const there = n === 0 ? ["there.one", "all.there"] : ["all.there"];
			events.on(here as [string], { id: `here-${n}` }, nothing);
			mail.on(there as [string], { id: `there-${n}` }, nothing);
		}
		// The handlers of the other Worker are cached for a minute.
		ahead += 2 * DAY;
	},

	async scheduleBatch(count: number) {
		const item = { name: "one.a", after: "1 day", body: { orderId: "o1" } };
		for (let left = count; left > 0; left -= 1_000)
			await scheduling.publishBatch(Array(Math.min(left, 1_000)).fill(item));
	},
	scheduleOne: (count: number) =>
		repeat(count, () =>
			events.publish("one.a", { after: "1 day" }, { orderId: "o1" }),
		),
	/** Flushes the events that are due within a day. */
	async flush() {
		ahead += DAY;
		const all = Array.from({ length: shards }, (_, number) => number);
		await Promise.all(all.map((number) => shard(number).fireAlarm()));
		ahead -= DAY;
	},
	reschedule: (count: number) =>
		repeat(count, () => events.reschedule(scheduled.at(-1) ?? "", "310 days")),
	cancel: (count: number) =>
		repeat(count, () => events.cancel(scheduled.pop() ?? "")),
	list: (count: number) =>
		repeat(count, () => listScheduled({}, portsOf(scheduling))),
	watch: (count: number) =>
		repeat(count, () => portsOf(scheduling).scheduler.watch()),
	/** Wakes an object that is not in memory. */
	async wake() {
		await shard(0)
			.leaveMemory()
			.catch(() => {});
		await portsOf(events).scheduler.watch();
	},

	publish: (count: number) => publish(count, () => "one.a"),
	publishNewNames: (count: number) =>
		publish(count, () => `new.n${++newNames}`),
	publishToAll: (count: number) => publish(count, () => "all.here"),
	publishElsewhere: (count: number) => publish(count, () => "there.one"),
	publishToAllElsewhere: (count: number) => publish(count, () => "all.there"),

	subscribe: (count: number) =>
		repeat(count, (n) =>
			subscriptions.subscribe({
				app: "@scale/guest",
				tool: "hear",
				key: newKey(n),
			}),
		),
	unsubscribe: (count: number) =>
		repeat(count, (n) => subscriptions.unsubscribe("@scale/guest", newKey(n))),
	sendToOne: (count: number) => repeat(count, () => ring({ number: 7 })),
	sendToOneByTwoFields: (count: number) =>
		repeat(count, () => ring({ floor: 0, number: 7 })),
	sendToFloor: (count: number) => repeat(count, () => ring({ floor: 0 })),
	mail: (count: number) =>
		repeat(count, () =>
			acceptMail(
				{ app: "@scale/bell", event: "rung" },
				MAIL,
				undefined,
				appPortsOf(events),
			),
		),
};

export type Action = keyof typeof actions;

export interface Command {
	action: Action;
	input: unknown;
}

/** Performs an action, and returns its counts once all messages and calls have ended. */
export async function perform({ action, input }: Command): Promise<Counts> {
	await counted();
	startCounting();
	await actions[action](input as never);
	return counted();
}
