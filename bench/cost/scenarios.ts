/** The scenarios of the cost bench. Each runs in a Worker that has run for a while. */
import { boundSubscriptions } from "../../src/apps/subscriptions/bound-subscriptions.ts";
import { newId } from "../../src/event/id.ts";
import { PAYLOAD_RETENTION } from "../../src/event/limits.ts";
import { startJob } from "../../src/jobs/jobs.ts";
import { runStep } from "../../src/jobs/run-step.ts";
import { countsOf } from "../../src/journal/counters.ts";
import { pageOf } from "../../src/journal/page.ts";
import { JournalWriter } from "../../src/journal/writer.ts";
import { boundJournal } from "../../src/platform/bindings.ts";
import { setObjectContext } from "../../src/platform/object-context.ts";
import { portsOf } from "../../src/registration.ts";
import { appPortsOf } from "../../test/support/app-ports.ts";
import { alarmAfter, http, putToSleep, shop, tokenOf } from "./callers.ts";
import { counted } from "./meter.ts";
import { events, failures } from "./worker.ts";

export interface Scenario {
	/** Number of events, by which the counts are divided. Default 1. */
	events?: number;
	/** Preparation that is not counted. */
	before?(): Promise<unknown>;
	run(): Promise<unknown>;
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NAME = "@cost/bell/rung";
const body = { orderId: "o1" };

const scheduled: string[] = [];
const schedule = async (count = 1, scheduledBody: unknown = body) => {
	const item = { name: "handled.by-1", after: "1 day", body: scheduledBody };
	const receipts = await events.publishBatch(
		Array.from({ length: count }, () => item),
	);
	scheduled.push(...receipts.map(({ id }) => id));
};
const scheduleAlone = () =>
	events.publish("handled.by-1", { after: "1 day" }, body);
const flushDue = () => alarmAfter(DAY, "Scheduler", "shard-0");

/** Returns once the scheduler has stored the retry. */
const failForAnHour = async (): Promise<string> => {
	failures.left = 1;
	const { id } = await events.publish("failing.later", body);
	await counted();
	return `${id}:later`;
};
let waiting = "";

let large = "";

let dead = "";
const bury = async (): Promise<void> => {
	failures.left = 1;
	const { id } = await events.publish("failing.buried", body);
	dead = `${id}:buried`;
};

const fill = async (): Promise<void> => {
	for (let number = 0; number < 1_000; number++)
		await boundSubscriptions(NAME).subscribe({
			app: "@cost/guest",
			tool: "hear",
			key: [
				["number", number],
				["floor", Math.floor(number / 100)],
			],
		});
};
const as = async (tool: string, number: number) =>
	events.apps.run("@cost/guest", tool, null, {
		tokens: [await tokenOf(number, 99)],
	});
const ring = (to: Record<string, number>) =>
	events.apps.run("@cost/bell", "ring", to);

const call = async (headers: Record<string, string> = {}) => {
	const secret = await boundSubscriptions(NAME).webhookSecret();
	const url = appPortsOf(events).webhookUrl(NAME, secret);
	return () => http(url, { ding: true }, headers);
};
let calling: () => Promise<Response>;

/** Records a batch in the journal: events of 3 handlers. @param customer of all; different ones by default */
const record = async (count: number, customer?: string): Promise<void> => {
	const at = Date.now();
	const entries = Array.from({ length: count }, () => ({
		id: newId(at, 1),
		name: "handled.by-3",
		time: at,
		queuedMs: 3,
		body: JSON.stringify(body),
		tags: { customer: customer ?? `c${Math.floor(Math.random() * 1_000)}` },
		steps: ["3-1", "3-2", "3-3"].map((handler) => ({
			type: "delivered" as const,
			at,
			handler,
			attempt: 1,
			startedAt: at,
		})),
	}));
	const page = await pageOf(entries);
	await boundJournal().record(page, countsOf(entries));
};

/** Runs a job to its end, with a journal. */
const runJob = async (request: Parameters<typeof startJob>[0]) => {
	const options = { record: "all", bodies: "all", maxBytes: 2_048 } as const;
	const clock = () => Date.now();
	const journal = new JournalWriter(options, boundJournal(), clock, () => {});
	const ports = { ...portsOf(events), journal };
	const ended = Promise.withResolvers<void>();
	setObjectContext({
		runJobStep: async (step) => {
			const result = await runStep(step, ports, DAY);
			if (result.cursor === null) ended.resolve();
			return result;
		},
	});
	await startJob(request, "bench", ports);
	await ended.promise;
};

/** The order matters: a scenario may use data that an earlier one stored. */
export const scenarios: Record<string, Scenario> = {
	"publish, 1 handler": {
		run: () => events.publish("handled.by-1", body),
	},
	"publish, 3 handlers": {
		run: () => events.publish("handled.by-3", body),
	},
	"publish, 10 handlers": {
		run: () => events.publish("handled.by-10", body),
	},
	"publish through the binding": {
		run: () => shop.publish("handled.by-1", body),
	},
	"publish over HTTP": {
		run: () => http("/v1/events", { name: "handled.by-1", body }),
	},
	"publish, 3 handlers in another Worker": {
		run: () => events.publish("handled.elsewhere", body),
	},
	"publishBatch of 100": {
		events: 100,
		run: () =>
			events.publishBatch(
				Array.from({ length: 100 }, () => ({ name: "handled.by-1", body })),
			),
	},
	"publish a hundred at once": {
		events: 100,
		run: () =>
			Promise.all(
				Array.from({ length: 100 }, () => events.publish("handled.by-1", body)),
			),
	},
	"publish 100 KB": {
		run: () => events.publish("handled.by-1", "x".repeat(100_000)),
	},
	"publish 200 KB": {
		run: async () => {
			const text = "x".repeat(200_000);
			large = (await events.publish("handled.by-1", text)).id;
		},
	},
	"one retry": {
		run: () => {
			failures.left = 1;
			return events.publish("failing.retried", body);
		},
	},
	"two retries": {
		run: () => {
			failures.left = 2;
			return events.publish("failing.retried", body);
		},
	},
	"a dead letter": { run: bury },
	"its replay, until it is resolved": {
		run: () => http(`/v1/dead-letters/${encodeURIComponent(dead)}/replay`),
	},
	"the journal, a batch of 100 events": {
		events: 100,
		before: () => record(100),
		run: () => record(100),
	},
	"the journal, one event with 3 handlers": {
		before: () => record(1),
		run: () => record(1),
	},
	"a job that delivers 100 events again": {
		events: 100,
		before: () => record(100, "again"),
		run: () => {
			const q = "tag.customer:again";
			return runJob({ action: "deliver", q, handler: "3-1" });
		},
	},
	"a job that erases 100 events of one person": {
		events: 100,
		before: () => record(100, "erased"),
		run: () => runJob({ action: "erase", q: "tag.customer:erased" }),
	},
	"schedule one, alone": {
		run: async () => {
			await schedule();
			await flushDue();
		},
	},
	"schedule one, alone, while the object sleeps": {
		before: () => putToSleep("Scheduler", "shard-0"),
		run: async () => {
			await schedule();
			await putToSleep("Scheduler", "shard-0");
			await flushDue();
		},
	},
	"schedule 200 KB, alone": {
		run: async () => {
			await schedule(1, "x".repeat(200_000));
			await flushDue();
		},
	},
	"schedule a hundred, due together": {
		events: 100,
		run: async () => {
			await schedule(100);
			await flushDue();
		},
	},
	"schedule a hundred one by one, due together": {
		events: 100,
		run: async () => {
			for (let n = 0; n < 100; n++) await schedule();
			await flushDue();
		},
	},
	"schedule a hundred at once, due together": {
		events: 100,
		run: async () => {
			await Promise.all(Array.from({ length: 100 }, scheduleAlone));
			await flushDue();
		},
	},
	reschedule: {
		before: () => schedule(3),
		run: () => events.reschedule(scheduled.at(-1) as string, "2 days"),
	},
	cancel: {
		run: () => events.cancel(scheduled.at(-1) as string),
	},
	"cancel through the binding": {
		run: () => shop.cancel(scheduled.at(-2) as string),
	},
	"the alarm of what was cancelled": {
		before: () => events.cancel(scheduled.at(-3) as string),
		run: flushDue,
	},
	"the end of a body of 200 KB": {
		run: () => alarmAfter(PAYLOAD_RETENTION, "Payloads", large),
	},
	"a retry after an hour, alone": {
		run: async () => {
			await failForAnHour();
			await alarmAfter(HOUR, "Scheduler", "shard-0");
		},
	},
	"try a waiting delivery at once": {
		before: async () => {
			waiting = await failForAnHour();
		},
		run: async () => {
			await http(`/v1/deliveries/${waiting}/retry`);
			await alarmAfter(1, "Scheduler", "shard-0");
		},
	},
	"cancel a waiting delivery": {
		before: async () => {
			waiting = await failForAnHour();
		},
		run: async () => {
			await http(`/v1/deliveries/${waiting}`, {}, {}, "DELETE");
			await alarmAfter(DAY, "Scheduler", "shard-0");
		},
	},
	"subscribe, one more": {
		before: fill,
		run: () => as("join", 5_000),
	},
	unsubscribe: { run: () => as("leave", 5_000) },
	"send to 1 of 1 000": {
		// The platform may have removed the object from memory meanwhile.
		before: () => ring({ number: 776 }),
		run: () => ring({ number: 777 }),
	},
	"send to 1, while the object sleeps": {
		before: () => putToSleep("Subscriptions", NAME),
		run: () => ring({ number: 777 }),
	},
	"send to 100 of 1 000": { run: () => ring({ floor: 7 }) },
	"a webhook call": {
		before: async () => {
			calling = await call();
		},
		run: () => calling(),
	},
	"a webhook call with a delivery id": {
		before: async () => {
			calling = await call({ "webhook-id": "first" });
			await calling();
			calling = await call({ "webhook-id": "second" });
		},
		run: () => calling(),
	},
};
