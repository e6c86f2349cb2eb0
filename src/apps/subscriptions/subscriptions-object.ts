/**
 * One app event: its subscriptions, its webhook, its lifecycle, and the one alarm that these share. Only a subscribe
 * waits for the app's code. It must not decide when the event starts or stops; `lifecycle.ts` does.
 */
import { DurableObject } from "cloudflare:workers";
import { Alarm } from "../../platform/alarm.ts";
import { DeliveryWaiters } from "../webhooks/delivery-waiters.ts";
import {
	type WebhookReservation,
	WebhookTable,
} from "../webhooks/webhook-table.ts";
import { LifecycleRunner } from "./lifecycle-runner.ts";
import type {
	Phase,
	Subscribed,
	Subscription,
	SubscriptionQuery,
	SubscriptionStore,
	SubscriptionsState,
} from "./subscription.ts";
import type { SubscriptionKey } from "./subscription-key.ts";
import { SubscriptionTable } from "./subscription-table.ts";

export class Subscriptions extends DurableObject implements SubscriptionStore {
	readonly #table = new SubscriptionTable(this.ctx.storage);
	readonly #webhook = new WebhookTable(this.ctx.storage);
	readonly #waiters = new DeliveryWaiters();
	readonly #alarm = new Alarm("Subscriptions", this.ctx.id, this.ctx.storage);
	readonly #lifecycle = new LifecycleRunner(this.ctx, {
		hasSubscribers: () => !this.#table.isEmpty(),
		webhookSecret: () => this.#webhook.secret(),
		armAlarm: () => this.#armAlarm(),
	});

	constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
		super(ctx, env);
		ctx.blockConcurrencyWhile(() => this.#alarm.start(() => this.#nextAt()));
	}

	/** Stores a subscription. Returns when the event has started, or when the attempt to start it has failed. */
	async subscribe({
		app,
		tool,
		key,
	}: Omit<Subscription, "id">): Promise<Subscribed> {
		const id = this.#table.add(app, tool, key);
		return { id, ...(await this.#lifecycle.subscriberAdded()) };
	}

	/** Returns false if there is no such subscription. Does not wait for the event to stop. */
	async unsubscribe(app: string, key: SubscriptionKey): Promise<boolean> {
		const wasThere = this.#table.remove(app, key);
		await this.#lifecycle.subscriberRemoved();
		return wasThere;
	}

	async find(id: number): Promise<Subscription | null> {
		return this.#table.find(id);
	}

	/** Lists subscriptions whose keys have every field of the filter, by ids above `after`. */
	async match(
		filter: SubscriptionKey,
		after: number,
		limit: number,
	): Promise<Subscription[]> {
		return this.#table.match(filter, after, limit);
	}

	async list(query: SubscriptionQuery): Promise<Subscription[]> {
		return this.#table.list(query);
	}

	/** Returns `open` from before `start` begins until `stop` has ended. */
	async webhookState(secret: string): Promise<"open" | "closed" | "unknown"> {
		if (!(await this.#webhook.isSecret(secret))) return "unknown";
		return this.#lifecycle.state.phase === "stopped" ? "closed" : "open";
	}

	async webhookSecret(): Promise<string> {
		return this.#webhook.secret();
	}

	/** Replaces the secret at once. A running event restarts, because only `start` can register the new URL. */
	async rotateWebhook(): Promise<string> {
		const secret = this.#webhook.rotate();
		await this.#lifecycle.restart();
		return secret;
	}

	/** Reserves a delivery of a webhook. Waits while another call may be storing the delivery's event. */
	async reserveDelivery(
		deliveryId: string,
		eventId: string,
	): Promise<Exclude<WebhookReservation, { type: "pending" }>> {
		for (;;) {
			const now = Date.now();
			const found = this.#webhook.reserve(deliveryId, eventId, now);
			if (found.type === "stored") return found;
			if (found.type === "reserved") {
				await this.#armAlarm();
				return found;
			}
			await this.#waiters.wait(deliveryId, found.until - now);
		}
	}

	/** Records that a queue has accepted the event of a delivery, so that a repetition is not sent again. */
	async confirmDelivery(deliveryId: string): Promise<void> {
		this.#webhook.confirm(deliveryId);
		this.#waiters.wake(deliveryId);
	}

	/** Ends a reservation, because its event could not be stored: the next call of the delivery stores it. */
	async releaseDelivery(deliveryId: string, until: number): Promise<void> {
		this.#webhook.release(deliveryId, until);
		this.#waiters.wake(deliveryId);
	}

	/** @throws RefusedError `invalid_request` for less than a second or over a year, or if the event is stopped */
	async poll(interval: number): Promise<void> {
		await this.#lifecycle.poll(interval);
	}

	async phase(): Promise<Phase> {
		return this.#lifecycle.state.phase;
	}

	async state(): Promise<SubscriptionsState> {
		return { ...this.#lifecycle.state, subscribers: this.#table.count() };
	}

	override async alarm(run?: AlarmInvocationInfo): Promise<void> {
		await this.#alarm.run(
			run?.isRetry ?? false,
			async () => {
				this.#webhook.sweep(Date.now());
				await this.#lifecycle.runDue();
			},
			() => this.#nextAt(),
		);
	}

	async #armAlarm(): Promise<void> {
		await this.#alarm.setTo(this.#nextAt());
	}

	#nextAt(): number | null {
		const times = [this.#lifecycle.nextAt, this.#webhook.nextSweepAt].flatMap(
			(at) => at ?? [],
		);
		return times.length > 0 ? Math.min(...times) : null;
	}
}
