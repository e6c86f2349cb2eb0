/** What the Worker does when it is asked to: it grows, or does so many of one thing and tells what that has cost. */
import { exports } from "cloudflare:workers";
import type { Key } from "../../src/apps/subscriptions/subscription-key.ts";
import { acceptMail } from "../../src/apps/webhooks/accept-mail.ts";
import { encodeEvent } from "../../src/event/encode.ts";
import { newId } from "../../src/event/id.ts";
import type { ScheduledRow } from "../../src/event/scheduled-row.ts";
import { portsOf } from "../../src/events.ts";
import {
	schedulerShard,
	subscriptionsOf,
} from "../../src/platform/bindings.ts";
import { schedulerOf } from "../../src/schedule/shards.ts";
import type { Counts } from "../cost/counts.ts";
import { counted, startCounting } from "../cost/meter.ts";
import { events, mail, RUNG } from "./events.ts";
import type { Scheduler, Subscriptions } from "./worker.ts";

const DAY = 86_400_000;

const owner = portsOf(events);

/** Time passes when the bench says so. */
const realNow = Date.now.bind(Date);
let ahead = 0;
Date.now = () => realNow() + ahead;

const classes = exports as unknown as {
	Scheduler: DurableObjectNamespace<Scheduler>;
	Subscriptions: DurableObjectNamespace<Subscriptions>;
};
const shard = (number: number) =>
	classes.Scheduler.getByName(`shard-${number}`);
const subscriptions = () => classes.Subscriptions.getByName(RUNG);

/** The ids of what was scheduled last, and of some that wait in the first shard. */
let scheduled: string[] = [];
let waiting: string[] = [];
let shards = 1;

const keyOf = (number: number): Key => [
	["number", number],
	["floor", Math.floor(number / 100)],
];

function rowOf(dueAt: number): ScheduledRow {
	const time = Date.now();
	const head = { id: newId(time, 1), name: "one.a", time, delay: dueAt - time };
	const record = encodeEvent(head, { text: '{"orderId":"o1"}' });
	const rest = { handler: "", version: 0, reference: null, record };
	return { id: head.id, name: head.name, dueAt, ...rest };
}

async function each(count: number, act: (n: number) => Promise<unknown>) {
	for (let n = 0; n < count; n++) await act(n);
}

const publish = (count: number, nameOf: (n: number) => string) =>
	events.publishBatch(
		Array.from({ length: count }, (_, n) => ({
			name: nameOf(n),
			body: { orderId: "o1" },
		})),
	);

let fresh = 0;

const MAIL = {
	trigger: "mail",
	from: "ada@example.com",
	to: "bell@example.com",
	headers: {},
	bytes: new Uint8Array(100),
} as const;

const acts = {
	/** Rows that wait in the first shard, due one after the other from 300 days on. */
	async fill(count: number) {
		const from = Date.now() + 300 * DAY;
		const rows = Array.from({ length: count }, (_, n) => rowOf(from + n));
		await shard(0).fill(rows);
		waiting.push(...rows.slice(0, 1_000).map(({ id }) => id));
		waiting = waiting.slice(-3_000);
	},
	async spread(count: number) {
		shards = count;
		owner.scheduler = schedulerOf(count, schedulerShard);
		owner.newId = (time) => newId(time, count);
	},
	async subscribeMany({ from, count }: { from: number; count: number }) {
		await subscriptions().fill(
			Array.from({ length: count }, (_, n) => keyOf(from + n)),
		);
	},
	/** As many handlers here and in the other Worker, all of `all.*`, and one of each for the other names. */
	async handle({ from, count }: { from: number; count: number }) {
		const nothing = () => {};
		for (let n = from; n < from + count; n++) {
			const first = n === 0;
			const here = first ? ["one.*", "all.here", "fresh.**"] : ["all.here"];
			const there = first ? ["there.one", "all.there"] : ["all.there"];
			events.on(here as [string], { id: `here-${n}` }, nothing);
			mail.on(there as [string], { id: `there-${n}` }, nothing);
		}
		// What the other Worker has is asked again after a minute.
		ahead += 2 * DAY;
	},

	async schedule(count: number) {
		const item = { name: "one.a", after: "1 day", body: { orderId: "o1" } };
		scheduled = [];
		for (let left = count; left > 0; left -= 1_000) {
			const length = Math.min(left, 1_000);
			const all = Array.from({ length }, () => item);
			for (const { id } of await events.publishBatch(all)) scheduled.push(id);
		}
	},
	"schedule one": (count: number) =>
		each(count, async () => {
			await events.publish("one.a", { after: "1 day" }, { orderId: "o1" });
		}),
	async "hand over"() {
		ahead += DAY;
		const all = Array.from({ length: shards }, (_, number) => number);
		await Promise.all(all.map((number) => shard(number).ring()));
		ahead -= DAY;
	},
	reschedule: (count: number) =>
		each(count, () => events.reschedule(waiting.at(-1) ?? "", "310 days")),
	cancel: (count: number) =>
		each(count, () => events.cancel(waiting.pop() ?? "")),
	list: (count: number) =>
		each(count, () => owner.scheduler.list({ limit: 100 })),
	watch: (count: number) => each(count, () => owner.scheduler.watch()),
	async wake() {
		await shard(0)
			.sleep()
			.catch(() => {});
		await owner.scheduler.watch();
	},

	publish: (count: number) => publish(count, () => "one.a"),
	"publish new names": (count: number) =>
		publish(count, () => `fresh.n${++fresh}`),
	"publish to all": (count: number) => publish(count, () => "all.here"),
	"publish elsewhere": (count: number) => publish(count, () => "there.one"),
	"publish to all elsewhere": (count: number) =>
		publish(count, () => "all.there"),

	subscribe: (count: number) =>
		each(count, (n) =>
			subscriptionsOf(RUNG).subscribe({
				app: "@scale/guest",
				tool: "hear",
				key: keyOf(10_000_000 + n),
			}),
		),
	unsubscribe: (count: number) =>
		each(count, (n) =>
			subscriptionsOf(RUNG).unsubscribe("@scale/guest", keyOf(10_000_000 + n)),
		),
	"send to one": (count: number) =>
		each(count, () => events.apps.run("@scale/bell", "ring", { number: 7 })),
	"send to one by two fields": (count: number) =>
		each(count, () =>
			events.apps.run("@scale/bell", "ring", { floor: 0, number: 7 }),
		),
	"send to a floor": (count: number) =>
		each(count, () => events.apps.run("@scale/bell", "ring", { floor: 0 })),
	mail: (count: number) =>
		each(count, () =>
			acceptMail({ app: "@scale/bell", event: "rung" }, MAIL, undefined, owner),
		),
};

export type Act = keyof typeof acts;

export interface Asked {
	act: Act;
	input: unknown;
}

/** Does it, and counts until nothing is under way any more. */
export async function perform({ act, input }: Asked): Promise<Counts> {
	await counted();
	startCounting();
	await acts[act](input as never);
	return counted();
}
