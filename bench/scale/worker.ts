/** The Worker that is measured. The meter of `bench/cost` counts what it does. */
import { defineConfig } from "tidings";
import { apps } from "tidings/apps";
import {
	DeadLetters as BareDeadLetters,
	Payloads as BarePayloads,
	Scheduler as BareScheduler,
	Subscriptions as BareSubscriptions,
} from "tidings/objects";
import { subscriber, worker } from "tidings/worker";
import type { SubscriptionKey } from "../../src/apps/subscriptions/subscription-key.ts";
import {
	meterEntrypoint,
	meterObject,
	meterQueue,
	meterWorker,
} from "../cost/meter.ts";
import { perform } from "./actions.ts";
import { events, mail } from "./events.ts";

for (const binding of ["EVENTS_QUEUE", "RETRIES_QUEUE", "DEAD_LETTERS_QUEUE"])
	meterQueue(binding);

const config = defineConfig({
	url: "https://events.example",
	shards: 1,
	subscribers: { mail: { binding: "MAIL" } },
	issuers: {
		"@scale/auth": {
			issuer: "https://auth.example",
			secret: "a secret of the bench, of 32 bytes at least",
		},
	},
});

const own = meterWorker(worker(events, { config, apps: apps() }));

export default {
	...own,
	async fetch(request: Request): Promise<Response> {
		return Response.json(await perform(await request.json()));
	},
};

export const Subscriber = meterEntrypoint(subscriber(mail));
export const DeadLetters = meterObject(BareDeadLetters);
export const Payloads = meterObject(BarePayloads);

export class Scheduler extends meterObject(BareScheduler) {
	/** Runs the alarm now. */
	async fireAlarm(): Promise<void> {
		await this.alarm();
	}

	/** Leaves memory, as an idle object does. The next call starts it again. */
	async leaveMemory(): Promise<void> {
		this.ctx.abort("the bench removes it from memory");
	}
}

export class Subscriptions extends meterObject(BareSubscriptions) {
	/** Subscribes many in one call. */
	async fill(keys: readonly SubscriptionKey[]): Promise<void> {
		for (const key of keys)
			await this.subscribe({ app: "@scale/guest", tool: "hear", key });
	}
}
