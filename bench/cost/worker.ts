/** The Worker whose costs are counted: the events, handlers and apps of the scenarios, wrapped in the meter. */
import { createEvents, defineConfig } from "tidings";
import { apps, type Capabilities, createApp } from "tidings/apps";
import {
	DeadLetters as BareDeadLetters,
	Jobs as BareJobs,
	Journal as BareJournal,
	Payloads as BarePayloads,
	Scheduler as BareScheduler,
	Subscriptions as BareSubscriptions,
} from "tidings/objects";
import { publisher, subscriber, worker } from "tidings/worker";
import { bellOf } from "./bell.ts";
import {
	meterEntrypoint,
	meterObject,
	meterQueue,
	meterWorker,
} from "./meter.ts";

for (const binding of ["EVENTS_QUEUE", "RETRIES_QUEUE", "DEAD_LETTERS_QUEUE"])
	meterQueue(binding);

/** Signs users' tokens. */
export const SECRET = "a secret of the scenarios, 32 bytes at least";

const bell = bellOf("cost");

const guest = createApp("@cost/guest", {
	tools: {
		hear: { default: () => {} },
		join: {
			default: (_: unknown, { event }: Capabilities) =>
				event.subscribe("@cost/bell", "rung", "hear"),
		},
		leave: {
			default: (_: unknown, { event }: Capabilities) =>
				event.unsubscribe("@cost/bell", "rung"),
		},
	},
	capabilities: ["event"],
});

export const events = createEvents({ apps: [bell, guest], observe: () => {} });

for (const count of [1, 3, 10])
	for (let n = 1; n <= count; n++)
		events.on(`handled.by-${count}`, { id: `${count}-${n}` }, () => {});

/** Failures that are left for the handlers of `failing` events. */
export const failures = { left: 0 };

function fail(): void {
	if (failures.left-- > 0) throw new Error("the scenario makes it fail");
}

const soon = { limit: 3, backoff: "constant", base: "1 second" } as const;
events.on("failing.retried", { id: "retried", retries: soon }, fail);
const later = { limit: 1, backoff: "constant", base: "1 hour" } as const;
events.on("failing.later", { id: "later", retries: later }, fail);
events.on("failing.buried", { id: "buried", retries: 0 }, fail);

const mail = createEvents();
for (const n of [1, 2, 3])
	mail.on("handled.elsewhere", { id: `mail-${n}` }, () => {});

// One shard, so that a hundred events are due in one object.
const config = defineConfig({
	url: "https://events.example",
	shards: 1,
	// It records in the background, at no fixed time. Scenarios of its own count its calls.
	journal: false,
	subscribers: { mail: { binding: "MAIL" } },
	issuers: {
		"@cost/auth": { issuer: "https://auth.example", secret: SECRET },
	},
});

const own = meterWorker(worker(events, { config, apps: apps() }));

export default own;
export const Publisher = meterEntrypoint(publisher(events));
export const Subscriber = meterEntrypoint(subscriber(mail));
export const DeadLetters = meterObject(BareDeadLetters);
export const Jobs = meterObject(BareJobs);
export const Journal = meterObject(BareJournal);
export const Payloads = meterObject(BarePayloads);
export const Scheduler = meterObject(BareScheduler);
export const Subscriptions = meterObject(BareSubscriptions);
