/**
 * Where one shard of the scheduled events and long retries lives: its rows, and the one alarm that must
 * stand for as long as there are any. What is due, and when, is decided in `schedule.ts`.
 */
import { DurableObject } from "cloudflare:workers";
import { bindings } from "../bindings.ts";
import type { Held } from "../contract/held.ts";
import { handOver, type ScheduledEvent } from "../schedule.ts";
import { HeldTable } from "./held-table.ts";
import { observed } from "./observed.ts";

/** A hand-over that failed is tried again after this long, in milliseconds, doubling up to a minute. */
const FIRST_BACKOFF = 1_000;
const LONGEST_BACKOFF = 60_000;

export class Scheduler extends DurableObject {
	readonly #table = new HeldTable(this.ctx.storage);
	/**
	 * What the alarm is set to, or null; spares a `setAlarm` where an earlier one stands. It changes in the
	 * same turn as the alarm, so that a call which comes between an alarm and its await sees it right.
	 */
	#armedAt: number | null = null;
	#handingOver: Promise<void> | undefined;
	#failures = 0;

	constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
		super(ctx, env);
		ctx.blockConcurrencyWhile(async () => {
			this.#armedAt = await ctx.storage.getAlarm();
			await this.watch();
		});
	}

	/** Holds rows durably. */
	async hold(rows: readonly Held[]): Promise<void> {
		this.#table.hold(rows);
		await this.#armBy(Math.min(...rows.map(({ dueAt }) => dueAt)));
	}

	async find(id: string): Promise<ScheduledEvent | null> {
		return this.#table.find(id);
	}

	async cancel(id: string): Promise<boolean> {
		return this.#table.cancel(id);
	}

	async reschedule(id: string, dueAt: number): Promise<ScheduledEvent | null> {
		const moved = this.#table.reschedule(id, dueAt);
		if (moved) await this.#armBy(dueAt);
		return moved;
	}

	async list(
		after: [dueAt: number, id: string],
		limit: number,
	): Promise<ScheduledEvent[]> {
		return this.#table.list(after, limit);
	}

	/** Sets an alarm that went missing; tells the earliest due time, in epoch milliseconds. */
	async watch(): Promise<{ nextDueAt: number | null }> {
		const alarm = await this.ctx.storage.getAlarm();
		const nextDueAt = this.#table.nextDueAt();
		// A hand-over sets the alarm itself when it ends; while it runs there may be none to see.
		if (alarm === null && nextDueAt !== null && !this.#handingOver)
			await this.#arm(nextDueAt);
		return { nextDueAt };
	}

	/** Never throws: an alarm that keeps throwing is gone after six retries. Overlapping alarms share one hand-over. */
	override async alarm(): Promise<void> {
		this.#handingOver ??= this.#handOver().finally(() => {
			this.#handingOver = undefined;
		});
		await this.#handingOver;
	}

	async #handOver(): Promise<void> {
		try {
			// Before work that can fail: after a crash from here on the alarm stands.
			await this.#arm(Date.now() + LONGEST_BACKOFF);
			await handOver(this.#table, {
				...bindings(),
				clock: () => Date.now(),
				observe: observed,
			});
			this.#failures = 0;
		} catch (error) {
			this.#failures++;
			console.error("tidings: a hand-over failed and is tried again", error);
		}
		await this.#armForNext().catch((error) =>
			console.error("tidings: the alarm was not set", error),
		);
	}

	async #armForNext(): Promise<void> {
		const nextDueAt = this.#table.nextDueAt();
		if (nextDueAt === null) {
			this.#armedAt = null;
			return this.ctx.storage.deleteAlarm();
		}
		const backoff =
			this.#failures === 0
				? 0
				: Math.min(FIRST_BACKOFF * 2 ** (this.#failures - 1), LONGEST_BACKOFF);
		await this.#arm(Math.max(nextDueAt, Date.now() + backoff));
	}

	async #armBy(dueAt: number): Promise<void> {
		if (this.#armedAt === null || dueAt < this.#armedAt) await this.#arm(dueAt);
	}

	async #arm(at: number): Promise<void> {
		this.#armedAt = at;
		try {
			await this.ctx.storage.setAlarm(at);
		} catch (error) {
			this.#armedAt = null;
			throw error;
		}
	}
}
