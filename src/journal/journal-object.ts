/** Stores what happened to each event for some days. It decides nothing, and no delivery waits for it. */
import { DurableObject } from "cloudflare:workers";
import type { Erased, Erasure } from "../event/erasure.ts";
import type { Filter } from "../lists/filter.ts";
import { Alarm } from "../platform/alarm.ts";
import { log } from "../platform/log.ts";
import { objectContext } from "../platform/object-context.ts";
import type { Counts } from "./counters.ts";
import { allTables, dateOf, dayOf, dropTables } from "./day-table.ts";
import { erasePages, type PagePlace } from "./erase.ts";
import { type EventList, type ListCursor, listEntries } from "./list.ts";
import {
	findIds,
	findLives,
	type LivesQuery,
	type LivesResult,
} from "./lives.ts";
import { type IntervalCounts, MinuteTable } from "./minute-table.ts";
import type { Page } from "./page.ts";
import { PageTable } from "./page-table.ts";
import { type JournalCursor, type SearchResult, search } from "./search.ts";

const DAY = 86_400_000;

/** An object may have 10 GB (Durable Objects, limits). The rest is room for the day. */
const MOST_BYTES = 9_000_000_000;

export class Journal extends DurableObject {
	readonly #sql = this.ctx.storage.sql;
	readonly #pages = new PageTable(this.#sql);
	readonly #minutes = new MinuteTable(this.#sql);
	readonly #alarm = new Alarm("Journal", this.ctx.id, this.ctx.storage);

	constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
		super(ctx, env);
		ctx.blockConcurrencyWhile(() =>
			this.#alarm.start(() => this.#nextDropAt()),
		);
	}

	/** Stores the entries of one batch and their counts: two rows written, and the alarm once a day. */
	async record(
		page: Page | null,
		counts: Counts,
		deploy: string,
	): Promise<void> {
		const now = Date.now();
		if (this.#sql.databaseSize > MOST_BYTES) this.#dropOldest(now);
		this.#store(page, counts, deploy, now);
		await this.#alarm.setBy(startOfTomorrow(now));
	}

	/** Both or neither: a call that fails is counted as missed. */
	#store(page: Page | null, counts: Counts, deploy: string, now: number): void {
		const deploys = deploy === "" ? {} : { deploys: { [deploy]: now } };
		try {
			this.ctx.storage.transactionSync(() => {
				if (page) this.#pages.add(page, deploy, now);
				this.#minutes.add({ ...counts, ...deploys }, now);
			});
		} catch (error) {
			this.#forget();
			throw error;
		}
	}

	async search(
		filter: Filter,
		from: JournalCursor | undefined,
		limit: number,
	): Promise<SearchResult> {
		return search(filter, from, limit, this.#pages);
	}

	async list(
		filter: Filter,
		from: ListCursor | undefined,
		limit: number,
	): Promise<EventList> {
		return listEntries(filter, from, limit, this.#pages);
	}

	/** Finds the next events that match, for a job. */
	async lives(query: LivesQuery): Promise<LivesResult> {
		return findLives(query, this.#pages);
	}

	/** Finds the ids of the next events that match, to count them. */
	async ids(query: LivesQuery): Promise<Awaited<ReturnType<typeof findIds>>> {
		return findIds(query, this.#pages);
	}

	/** Erases one person from the next pages. */
	async erase(
		erasure: Erasure,
		from: PagePlace | undefined,
		isDryRun: boolean,
	): Promise<Erased<PagePlace>> {
		const { payloads, journalRetention } = objectContext();
		const pages = this.#pages;
		const { entries, unreadable, ...rest } = await erasePages(
			erasure,
			from,
			isDryRun,
			pages,
			payloads,
		);
		const days = [
			...unreadable.map(({ day }) => day),
			...pages.unreadableDays(),
		];
		// A day is dropped at the first midnight after its retention.
		const end = Math.ceil(Math.max(...days) + 1 + journalRetention / DAY) * DAY;
		return {
			counts: { entries },
			...rest,
			errors: unreadable.map(({ day, id }) => ({
				id: `journal page ${id} of ${dateOf(day)}`,
				reason: "it cannot be read; it is deleted with its day",
			})),
			...(days.length > 0 && { keptUntil: end }),
		};
	}

	/** @param step length of an interval, in milliseconds */
	async counts(
		since: number,
		until: number,
		step: number,
	): Promise<IntervalCounts[]> {
		return this.#minutes.list(since, until, step);
	}

	/** Drops the days whose retention has ended. */
	override async alarm(run?: AlarmInvocationInfo): Promise<void> {
		await this.#alarm.run(
			run?.isRetry ?? false,
			async () => {
				const { journalRetention } = objectContext();
				const first = dayOf(Date.now() - journalRetention);
				this.#drop((day) => day < first);
			},
			() => this.#nextDropAt(),
		);
	}

	/** Today's tables stay, whatever their size: the newest entries are worth the most. */
	#dropOldest(now: number): void {
		const oldest = Math.min(...allTables(this.#sql).map(({ day }) => day));
		if (oldest >= dayOf(now)) return;
		this.#drop((day) => day === oldest);
		log("journal_full", { day: dateOf(oldest) });
	}

	#drop(isOver: (day: number) => boolean): void {
		if (dropTables(this.#sql, isOver).length > 0) this.#forget();
	}

	#forget(): void {
		this.#pages.forget();
		this.#minutes.forget();
	}

	#nextDropAt(): number | null {
		return allTables(this.#sql).length === 0
			? null
			: startOfTomorrow(Date.now());
	}
}

function startOfTomorrow(now: number): number {
	return (dayOf(now) + 1) * DAY;
}
