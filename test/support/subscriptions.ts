/** The Durable Object of one event, whose `start` and `stop` end when a test decides. */
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { exports } from "cloudflare:workers";
import { vi } from "vitest";
import type {
	Subscribed,
	SubscriptionsState,
} from "../../src/apps/subscriptions/subscription.ts";
import type { Subscriptions } from "../../src/apps/subscriptions/subscriptions-object.ts";
import type { AttemptOutcome } from "../../src/event/outcome.ts";
import { setObjectContext } from "../../src/platform/object-context.ts";
import { type End, Outside, type Which } from "./outside.ts";

let count = 0;

export class Event {
	readonly name = `@my-org/email/event-${++count}`;
	readonly outside = new Outside();
	/** The webhook secrets that attempts received. */
	readonly secrets: string[] = [];
	/** Violations that the outside service found. */
	readonly wrong: unknown[] = [];
	/** Runs when `start` begins. If it fails, `start` cannot be made. */
	starting: (object: Stub) => Promise<void> = async () => {};
	/** Runs when a poll is enqueued. */
	triggering: () => Promise<void> = async () => {};
	triggers = 0;
	#end: ((outcome: AttemptOutcome) => void) | undefined;

	constructor() {
		setObjectContext({
			runLifecycle: (name, which, secret) => {
				if (name !== this.name) throw new Error(`${name}: another test's`);
				return this.#begin(which, secret);
			},
			enqueuePoll: async () => {
				this.triggers++;
				await this.triggering();
			},
		});
	}

	get stub(): Stub {
		const { Subscriptions: namespace } = exports as unknown as {
			Subscriptions: DurableObjectNamespace<Subscriptions>;
		};
		return namespace.getByName(this.name);
	}

	async #begin(which: Which, secret: string) {
		this.secrets.push(secret);
		try {
			this.outside.begin(which, Date.now());
		} catch (error) {
			this.wrong.push(error);
		}
		const { promise, resolve } = Promise.withResolvers<AttemptOutcome>();
		this.#end = resolve;
		if (which === "start") await this.starting(this.stub);
		return promise;
	}

	/** Subscribes. Returns when the object has stored it. */
	async subscribing(app: string): Promise<{ answer: Promise<Subscribed> }> {
		const { stub } = this;
		const answer = stub.subscribe({ app, tool: "tool", key: [] });
		answer.catch(() => {});
		await stub.state();
		return { answer };
	}

	/** Ends the current attempt. Returns when the object has recorded the outcome. */
	async end(end: End): Promise<void> {
		const outcome = this.outside.end(end, Date.now());
		await runInDurableObject(this.stub, () => this.#end?.(outcome));
		await this.stub.state();
	}

	/** Runs the alarm. Returns when it has ended, or when an attempt has begun. */
	async alarm(): Promise<void> {
		const { length } = this.outside.begun;
		let isOver = false;
		runDurableObjectAlarm(this.stub)
			.catch(() => {})
			.finally(() => {
				isOver = true;
			});
		// vi.waitFor would advance the fake time, and a promise would tie this request to the object's.
		while (!isOver && this.outside.begun.length === length)
			await scheduler.wait(1);
	}

	/** Advances the time to the next alarm and runs it. Returns false if there is none. */
	async next(): Promise<boolean> {
		const at = await this.alarmAt();
		if (at === null) return false;
		vi.setSystemTime(Math.max(at, Date.now()));
		await this.alarm();
		return true;
	}

	alarmAt(): Promise<number | null> {
		return runInDurableObject(this.stub, (_, { storage }) =>
			storage.getAlarm(),
		);
	}

	/** Kills the object during its work. */
	async crash(): Promise<void> {
		if (this.outside.underWay) this.outside.end("cut_off", Date.now());
		await runInDurableObject(this.stub, (_, ctx) =>
			ctx.abort("the test kills it"),
		).catch(() => {});
		await this.stub.state();
	}

	state(): Promise<SubscriptionsState> {
		return this.stub.state();
	}
}

type Stub = DurableObjectStub<Subscriptions>;
