/**
 * Where the subscriptions of one app's event live, beside its hook and its life, and the one alarm that all of
 * them need. No call waits for the app's code but a subscribe, which waits for its answer alone.
 */
import { DurableObject } from "cloudflare:workers";
import { HookTable } from "../webhooks/hook-table.ts";
import { EventLife } from "./event-life.ts";
import type {
	Accepted,
	HookState,
	Phase,
	Subscribed,
	Subscription,
	SubscriptionQuery,
	SubscriptionsState,
} from "./subscription.ts";
import type { Key } from "./subscription-key.ts";
import { SubscriptionTable } from "./subscription-table.ts";

/** An alarm that has not come so long after its time has gone missing, in milliseconds. */
const OVERDUE = 60_000;

/** An alarm that came early, its clock being ahead, comes again after this, in milliseconds. */
const SOON = 10;

export class Subscriptions extends DurableObject {
	readonly #table = new SubscriptionTable(this.ctx.storage);
	readonly #hooks = new HookTable(this.ctx.storage);
	readonly #life = new EventLife(this.ctx, {
		isWanted: () => !this.#table.isEmpty(),
		secret: () => this.#hooks.secret(),
		arm: () => this.#arm(),
	});
	/** What the alarm is set to, or null. It changes in the same turn as the alarm. */
	#armedAt: number | null = null;

	constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
		super(ctx, env);
		ctx.blockConcurrencyWhile(async () => {
			this.#armedAt = await ctx.storage.getAlarm();
			// An alarm that cannot be set must not keep the object from ever starting.
			await this.#arm().catch((error) =>
				console.error("tidings: the alarm was not watched", error),
			);
		});
	}

	/** Answers when the event has started, or when the attempt at it has failed; the subscription is kept. */
	async subscribe({
		app,
		tool,
		key,
	}: Omit<Subscription, "id">): Promise<Subscribed> {
		const id = this.#table.add(app, tool, key);
		return { id, ...(await this.#life.joined()) };
	}

	/** Whether there was one. The last one makes the event stop, which is not waited for. */
	async unsubscribe(app: string, key: Key): Promise<boolean> {
		const wasThere = this.#table.remove(app, key);
		await this.#life.left();
		return wasThere;
	}

	async find(id: number): Promise<Subscription | null> {
		return this.#table.find(id);
	}

	/** Those whose keys have every field of the filter, in the order of their ids. */
	async match(
		filter: Key,
		after: number,
		limit: number,
	): Promise<Subscription[]> {
		return this.#table.match(filter, after, limit);
	}

	async list(query: SubscriptionQuery): Promise<Subscription[]> {
		return this.#table.list(query);
	}

	/** `open` from before `start` begins until `stop` has ended. */
	async hook(secret: string): Promise<HookState> {
		if (!(await this.#hooks.knows(secret))) return "unknown";
		return this.#life.told.phase === "stopped" ? "closed" : "open";
	}

	async hookSecret(): Promise<string> {
		return this.#hooks.secret();
	}

	/** The old secret is unknown at once; `stop` and `start` then tell the outside of the new one. */
	async rotateHook(): Promise<string> {
		const secret = this.#hooks.rotate();
		await this.#life.restart();
		return secret;
	}

	/** The event that a hook's delivery becomes, the same for all that come within 24 hours. */
	async accept(deliveryId: string, eventId: string): Promise<Accepted> {
		const accepted = this.#hooks.accept(deliveryId, eventId, Date.now());
		await this.#arm();
		return accepted;
	}

	/** Its event is held by a queue now, and need not be sent again. */
	async confirm(deliveryId: string): Promise<void> {
		this.#hooks.confirm(deliveryId);
	}

	/** @throws RefusedError `invalid_request` for less than a second, over a year, or outside `start` and what runs */
	async poll(ms: number): Promise<void> {
		await this.#life.poll(ms);
	}

	async phase(): Promise<Phase> {
		return this.#life.told.phase;
	}

	async state(): Promise<SubscriptionsState> {
		return { ...this.#life.told, subscribers: this.#table.count() };
	}

	/** It throws only when the next alarm cannot be set, for one that keeps throwing is gone after six retries. */
	override async alarm(): Promise<void> {
		const now = Date.now();
		this.#armedAt = null;
		// Before work that can fail: after a crash from here on the alarm stands.
		await this.#set(now + OVERDUE).catch((error) =>
			console.error("tidings: the alarm was not set ahead", error),
		);
		this.#hooks.sweep(now);
		await this.#life.woken();
		await this.#arm(Date.now() + SOON);
	}

	/** @param earliest in epoch milliseconds */
	async #arm(earliest = 0): Promise<void> {
		const times = [this.#life.wakesAt, this.#hooks.sweepsAt].flatMap(
			(at) => at ?? [],
		);
		if (times.length > 0)
			return this.#set(Math.max(Math.min(...times), earliest));
		if (this.#armedAt === null) return;
		this.#armedAt = null;
		await this.ctx.storage.deleteAlarm();
	}

	async #set(at: number): Promise<void> {
		if (at === this.#armedAt && at > Date.now() - OVERDUE) return;
		this.#armedAt = at;
		try {
			await this.ctx.storage.setAlarm(at);
		} catch (error) {
			this.#armedAt = null;
			throw error;
		}
	}
}
