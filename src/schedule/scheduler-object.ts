/**
 * Where one shard of the scheduled events and long retries lives: its rows, and the one alarm that must
 * stand for as long as there are any. How a batch is handed over is in `schedule.ts`.
 */
import { DurableObject } from "cloudflare:workers";
import { LONGEST_WAIT } from "../event/limits.ts";
import type { PublishPermission } from "../event/permission.ts";
import type { ScheduledRow } from "../event/scheduled-row.ts";
import type { Transition } from "../event/transition.ts";
import { bindings, namedQueues } from "../platform/bindings.ts";
import { byLane, eventsQueue, retriesQueue } from "../platform/lane.ts";
import { objectContext } from "../platform/object-context.ts";
import { inTime, pause, realTimer } from "../platform/timer.ts";
import {
	flush,
	type ListedEvent,
	type MoveResult,
	move,
	ROW_KINDS,
	type RowKind,
} from "./schedule.ts";
import { ScheduleTable } from "./schedule-table.ts";

/** A hand-over that failed is tried again after this long, in milliseconds, doubling up to a minute. */
const FIRST_BACKOFF = 1_000;
const LONGEST_BACKOFF = 60_000;

/** An alarm that came early, its clock being ahead, is set so much later, in milliseconds, doubling up to a minute. */
const FIRST_DELAY = 10;

/** How long a send may take, in milliseconds: then it has failed, and comes again. */
const SEND_TIME = 30_000;
const TOO_LONG = "the queue did not answer in time";

export class Scheduler extends DurableObject {
	readonly #table = new ScheduleTable(this.ctx.storage);
	/**
	 * What the alarm is set to, or null; spares a `setAlarm` where an earlier one stands. It changes in the
	 * same turn as the alarm, so that a call which comes between an alarm and its await sees it right.
	 */
	#armedAt: number | null = null;
	#handingOver: Promise<void> | undefined;
	/** Alarms in a row that came before their time, by this object's clock. */
	#early = 0;
	readonly #failures: Record<RowKind, number> = { events: 0, deliveries: 0 };

	constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
		super(ctx, env);
		ctx.blockConcurrencyWhile(async () => {
			this.#armedAt = await ctx.storage.getAlarm();
			// A hand-over that a crash or a deploy cut off goes on now, and not when its next alarm is due. An
			// alarm that cannot be set must not keep the object from ever starting.
			await this.#correct(this.#armedAt, 0).catch((error) =>
				console.error("tidings: the alarm was not watched", error),
			);
		});
	}

	/** Holds rows durably; the alarm is set in the same turn, so both are written or neither. */
	async store(rows: readonly ScheduledRow[]): Promise<void> {
		this.#table.store(rows);
		await this.#armAhead();
	}

	async cancel(id: string, right: PublishPermission): Promise<MoveResult> {
		return this.#table.cancel(id, right);
	}

	async reschedule(
		id: string,
		dueAt: number,
		right: PublishPermission,
	): Promise<MoveResult> {
		const moved = await move(id, dueAt, right, this.#table, bindings());
		if (typeof moved === "object") await this.#armAhead();
		return moved;
	}

	async list(
		after: [dueAt: number, id: string],
		limit: number,
	): Promise<ListedEvent[]> {
		return this.#table.list(after, limit);
	}

	/** Sets an alarm that went missing or stands too late; tells the earliest due time, in epoch milliseconds. */
	async watch(): Promise<{ nextDueAt: number | null }> {
		const alarm = await this.ctx.storage.getAlarm();
		// One that went missing while nothing waits would keep the next row from setting another.
		if (!this.#handingOver) this.#armedAt = alarm;
		return this.#correct(alarm, LONGEST_BACKOFF);
	}

	/** @param late how much later than due an alarm may stand, in milliseconds */
	async #correct(
		alarm: number | null,
		late: number,
	): Promise<{ nextDueAt: number | null }> {
		const nextDueAt = this.#nextDueAt();
		// A hand-over sets the alarm itself when it ends; while it runs there may be none to see.
		if (nextDueAt === null || this.#handingOver) return { nextDueAt };
		const latest = Math.max(nextDueAt, Date.now()) + late;
		if (alarm === null || alarm > latest) await this.#arm(nextDueAt);
		return { nextDueAt };
	}

	/**
	 * Overlapping alarms share one hand-over. It throws only when the next alarm cannot be set, for an alarm
	 * that keeps throwing is gone after six retries.
	 */
	override async alarm(run?: AlarmInvocationInfo): Promise<void> {
		this.#handingOver ??= this.#handOver(run?.isRetry ?? false)
			.finally(() => {
				// In the turn that sets the alarm: what is held from then on sees it, and sets an earlier one.
				this.#handingOver = undefined;
			})
			.then(() => this.#armForNext());
		await this.#handingOver;
	}

	async #handOver(isRetry: boolean): Promise<void> {
		this.#early = this.#isEarly() ? this.#early + 1 : 0;
		this.#armedAt = null;
		// The platform tries an alarm that dies again, six times. One that died already is set anew before the
		// work that can fail, so that those tries are never used up.
		if (isRetry)
			await this.#arm(Date.now() + LONGEST_BACKOFF).catch((error) =>
				console.error("tidings: the alarm was not set ahead", error),
			);
		const { payloads } = bindings();
		const queues = namedQueues();
		const queueOf = { events: eventsQueue, deliveries: retriesQueue };
		await Promise.all(
			ROW_KINDS.map(async (kind) => {
				const ports = {
					queue: {
						sendBatch: byLane(
							(lane) => queueOf[kind](lane, queues),
							// One that never settles would hold the alarm for ever.
							(sending) => inTime(sending, SEND_TIME, realTimer, TOO_LONG),
						),
					},
					payloads,
					clock: () => Date.now(),
					pause: (ms: number) => pause(ms, realTimer),
					observe: (transition: Transition) =>
						objectContext().observe(transition),
				};
				try {
					await flush(kind, this.#table, ports);
					this.#failures[kind] = 0;
				} catch (error) {
					this.#failures[kind]++;
					console.error("tidings: a hand-over is tried again", error);
				}
			}),
		);
	}

	#isEarly(): boolean {
		const now = Date.now();
		return (this.#armedAt ?? 0) > now && (this.#nextDueAt() ?? 0) > now;
	}

	async #armForNext(): Promise<void> {
		const times = ROW_KINDS.flatMap((kind) => {
			const dueAt = this.#table.nextDueAt(kind);
			return dueAt === null ? [] : Math.max(dueAt, this.#notBefore(kind));
		});
		if (times.length > 0)
			await this.#arm(Math.min(...times) + doubling(FIRST_DELAY, this.#early));
	}

	/** When a kind whose last hand-over failed may be tried again. */
	#notBefore(kind: RowKind): number {
		const failures = this.#failures[kind];
		return failures === 0 ? 0 : Date.now() + doubling(FIRST_BACKOFF, failures);
	}

	#nextDueAt(): number | null {
		const times = ROW_KINDS.flatMap(
			(kind) => this.#table.nextDueAt(kind) ?? [],
		);
		return times.length > 0 ? Math.min(...times) : null;
	}

	/** A hand-over sets the alarm when it ends; should it die, the platform comes again. */
	async #armAhead(): Promise<void> {
		if (this.#handingOver) return;
		const nextDueAt = this.#nextDueAt();
		if (nextDueAt === null) return;
		if (
			this.#armedAt === null ||
			nextDueAt < this.#armedAt ||
			this.#isAlarmOverdue(this.#armedAt)
		)
			await this.#arm(nextDueAt);
	}

	/** An alarm that has not come a minute after its time may have gone missing. */
	#isAlarmOverdue(armedAt: number): boolean {
		return armedAt < Date.now() - LONGEST_BACKOFF;
	}

	/** An alarm has a latest date, 2189; one that comes too early does no harm. */
	async #arm(dueAt: number): Promise<void> {
		const at = Math.min(dueAt, Date.now() + LONGEST_WAIT);
		this.#armedAt = at;
		try {
			await this.ctx.storage.setAlarm(at);
		} catch (error) {
			this.#armedAt = null;
			throw error;
		}
	}
}

/** What doubles each time, up to a minute; nothing for no time. */
function doubling(first: number, times: number): number {
	return times === 0 ? 0 : Math.min(first * 2 ** (times - 1), LONGEST_BACKOFF);
}
