/**
 * One shard of the scheduler: its rows, and an alarm that is set while there are rows. It must not decide what is
 * due or how a batch is sent; `schedule-table.ts` and `flush.ts` do.
 */
import { DurableObject } from "cloudflare:workers";
import type { Erased, Erasure } from "../event/erasure.ts";
import type { PublishPermission } from "../event/permission.ts";
import type {
	CancelledDelivery,
	DeliveryCancel,
	DeliveryKey,
	DeliveryPosition,
	HourCounts,
	MoveResult,
	RowSearch,
	ScheduledEvent,
	ScheduledRow,
	ShardFigures,
	StoredDelivery,
} from "../event/scheduled-row.ts";
import type { Filter } from "../lists/filter.ts";
import { ActivityCounter, countingStorage } from "../platform/activity.ts";
import { Alarm, backoff } from "../platform/alarm.ts";
import { log } from "../platform/log.ts";
import { objectContext } from "../platform/object-context.ts";
import { inTime, pause, realTimer } from "../platform/timer.ts";
import { eraseRows } from "./erase.ts";
import { type FlushQueue, flush, ROW_KINDS, type RowKind } from "./flush.ts";
import { countByHour } from "./hour-table.ts";
import { rescheduleRow } from "./schedule.ts";
import { ScheduleTable } from "./schedule-table.ts";
import { sendingByLane } from "./send-by-lane.ts";

/** The wait after a failed flush, in milliseconds; it doubles up to a minute. */
const FIRST_BACKOFF = 1_000;

/** How much later than the rows the cron trigger permits an alarm to be set: the longest backoff, in milliseconds. */
const WATCH_TOLERANCE = 60_000;

/** A send that takes longer has failed, in milliseconds. */
const SEND_TIMEOUT = 30_000;

export class Scheduler extends DurableObject {
	readonly #activity = new ActivityCounter();
	readonly #storage = countingStorage(this.ctx.storage, this.#activity);
	readonly #table = new ScheduleTable(this.#storage);
	readonly #alarm = new Alarm("Scheduler", this.ctx.id, this.#storage);
	#flushing: Promise<void> | undefined;
	/** Flushes in a row that failed. */
	readonly #failures: Record<RowKind, number> = { events: 0, deliveries: 0 };

	constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
		super(ctx, env);
		// A flush that a crash or a deploy interrupted goes on now, not when its next alarm is due.
		ctx.blockConcurrencyWhile(() => this.#alarm.start(() => this.#nextDueAt()));
	}

	/** Stores rows durably. The rows and the alarm are written in one tick, so both or neither. */
	async store(rows: readonly ScheduledRow[]): Promise<void> {
		this.#table.store(rows);
		await this.#updateAlarm();
	}

	async cancel(id: string, permission: PublishPermission): Promise<MoveResult> {
		return this.#table.cancel(id, permission);
	}

	async reschedule(
		id: string,
		dueAt: number,
		permission: PublishPermission,
	): Promise<MoveResult> {
		const { payloads } = objectContext();
		const rows = this.#table;
		const moved = await rescheduleRow(id, dueAt, permission, rows, payloads);
		if (typeof moved === "object") await this.#updateAlarm();
		return moved;
	}

	async list(
		after: DeliveryPosition,
		filter: Filter,
		limit: number,
	): Promise<RowSearch<ScheduledEvent>> {
		return this.#table.list(after, filter, limit);
	}

	async find(id: string): Promise<ScheduledEvent | null> {
		const found = this.#table.find(id, "all");
		return typeof found === "string" ? null : found;
	}

	async countByHour(since: number, until: number): Promise<HourCounts> {
		return countByHour(this.#storage.sql, since, until);
	}

	async listDeliveries(
		after: DeliveryPosition,
		filter: Filter,
		limit: number,
	): Promise<RowSearch<StoredDelivery>> {
		return this.#table.deliveries.list(after, filter, limit);
	}

	async findDelivery(key: DeliveryKey): Promise<StoredDelivery | null> {
		return this.#table.deliveries.find(key);
	}

	/** The row and the alarm are written in one tick, so both or neither. */
	async retryDelivery(key: DeliveryKey): Promise<string | null> {
		const name = this.#table.deliveries.retry(key, Date.now());
		if (name !== null) await this.#updateAlarm();
		return name;
	}

	async cancelDelivery(
		cancel: DeliveryCancel,
	): Promise<CancelledDelivery | null> {
		return this.#table.deliveries.cancel(cancel, Date.now());
	}

	/** Erases one person from the next rows. */
	async erase(
		erasure: Erasure,
		after: DeliveryKey,
		isDryRun: boolean,
	): Promise<Erased<DeliveryKey>> {
		const { erasure: rows } = this.#table;
		return eraseRows(erasure, after, isDryRun, rows, objectContext());
	}

	/** Sets an alarm that is missing or late. */
	async watch(): Promise<void> {
		// A flush sets the alarm when it ends. While it runs, none is set.
		const nextAt = () => (this.#flushing ? null : this.#nextDueAt());
		await this.#alarm.check(nextAt, WATCH_TOLERANCE);
	}

	/** Watches too, so that a person who looks at the health repairs it. */
	async figures(): Promise<ShardFigures> {
		await this.watch();
		return {
			nextDueAt: this.#nextDueAt(),
			...this.#table.counts(),
			lastHour: this.#activity.lastHour(),
		};
	}

	/** Flushes due rows. Overlapping alarms share one flush. */
	override async alarm(run?: AlarmInvocationInfo): Promise<void> {
		this.#activity.add("wakeUps");
		this.#flushing ??= this.#alarm.run(
			run?.isRetry ?? false,
			async () => {
				await Promise.all(ROW_KINDS.map((kind) => this.#flush(kind)));
				// Before the alarm is set: a row that is stored while it is being set can then set an earlier one.
				this.#flushing = undefined;
			},
			() => this.#nextFlushAt(),
		);
		await this.#flushing;
	}

	/** Never throws: an alarm that keeps throwing is dropped by the platform. */
	async #flush(kind: RowKind): Promise<void> {
		try {
			const sent = (count: number) => this.#activity.add("sent", count);
			await flush(kind, this.#table, portsOf(kind, sent));
			this.#failures[kind] = 0;
		} catch (error) {
			this.#failures[kind]++;
			const { name: shard } = this.ctx.id;
			const failures = this.#failures[kind];
			log("flush_failed", { shard, kind, failures, error });
		}
	}

	/** A flush sets the alarm when it ends. If it crashes, the platform retries its alarm. */
	async #updateAlarm(): Promise<void> {
		// Not the due time: while a queue fails, each row stored would flush again at once.
		const nextFlushAt = this.#nextFlushAt();
		if (nextFlushAt !== null && !this.#flushing)
			await this.#alarm.setBy(nextFlushAt);
	}

	#nextDueAt(): number | null {
		return earliest(ROW_KINDS.map((kind) => this.#table.nextDueAt(kind)));
	}

	/** When the next flush may begin: a kind that has failed backs off. */
	#nextFlushAt(): number | null {
		return earliest(
			ROW_KINDS.map((kind) => {
				const dueAt = this.#table.nextDueAt(kind);
				const failures = this.#failures[kind];
				if (dueAt === null || failures === 0) return dueAt;
				return Math.max(dueAt, Date.now() + backoff(FIRST_BACKOFF, failures));
			}),
		);
	}
}

function earliest(times: readonly (number | null)[]): number | null {
	const known = times.filter((time) => time !== null);
	return known.length > 0 ? Math.min(...known) : null;
}

/** @param sent is called with the number of records that a queue has accepted */
function portsOf(kind: RowKind, sent: (count: number) => void) {
	const { queues, payloads, observe } = objectContext();
	const queueOf = { events: queues.events, deliveries: queues.retries }[kind];
	// Without a timeout, a call that never settles would keep the alarm from ever ending.
	const within = (sending: Promise<void>) =>
		inTime(sending, SEND_TIMEOUT, realTimer, "the queue did not answer");
	return {
		queue: counting(sendingByLane(queueOf, queues, within), sent),
		payloads: {
			extend: (key: string, until: number) =>
				inTime(
					payloads.extend(key, until),
					SEND_TIMEOUT,
					realTimer,
					"the stored body did not answer",
				),
		},
		clock: () => Date.now(),
		pause: (ms: number) => pause(ms, realTimer),
		observe,
	};
}

function counting(
	queue: FlushQueue,
	sent: (count: number) => void,
): FlushQueue {
	return {
		sendBatch: (records, accepted) =>
			queue.sendBatch(records, (records) => {
				sent(records.length);
				accepted(records);
			}),
	};
}
