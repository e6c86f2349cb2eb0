/** The Worker that grows: as many rows, shards, handlers and subscriptions as it is told to have, with the meter of the costs around it. */
import { defineConfig } from "tidings";
import {
	DeadLetters as BareDeadLetters,
	Payloads as BarePayloads,
	Scheduler as BareScheduler,
	Subscriptions as BareSubscriptions,
	subscriber,
	worker,
} from "tidings/worker";
import type { Key } from "../../src/apps/subscriptions/subscription-key.ts";
import type { ScheduledRow } from "../../src/event/scheduled-row.ts";
import {
	meterEntrypoint,
	meterObject,
	meterQueue,
	meterWorker,
} from "../cost/meter.ts";
import { perform } from "./acts.ts";
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

const own = meterWorker(worker(events, { config }));

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
	/** Stores many rows without a call for each thousand of them. */
	async fill(rows: readonly ScheduledRow[]): Promise<void> {
		await this.store(rows);
	}

	/** The alarm, as if it had come. */
	async ring(): Promise<void> {
		await this.alarm();
	}

	/** Ends as when the platform puts it out of memory: its next call starts it anew. */
	async sleep(): Promise<void> {
		this.ctx.abort("it sleeps");
	}
}

export class Subscriptions extends meterObject(BareSubscriptions) {
	/** Subscribes many in one call. */
	async fill(keys: readonly Key[]): Promise<void> {
		for (const key of keys)
			await this.subscribe({ app: "@scale/guest", tool: "hear", key });
	}
}
