/**
 * Stores dead letters until their retention ends, and guards their states: a replay claims a dead letter before it
 * sends. It must not decide whether a body may be replayed; `replay.ts` does.
 */

import { DurableObject } from "cloudflare:workers";
import {
	type DeadLetterGroups,
	type DeadLetterPage,
	type DeadLetterQuery,
	type DeadLetterState,
	type NewDeadLetter,
	type StateBefore,
	type StoredDeadLetter,
	summaryOf,
} from "../event/dead-letter.ts";
import type { Erased, Erasure } from "../event/erasure.ts";
import { cursorOf, pageSize, positionOf } from "../lists/cursor.ts";
import type { Filter } from "../lists/filter.ts";
import { Alarm } from "../platform/alarm.ts";
import { objectContext } from "../platform/object-context.ts";
import { DeadLetterSearch, START } from "./dead-letter-search.ts";
import { DeadLetterTable } from "./dead-letter-table.ts";
import { eraseDeadLetters } from "./erase.ts";
import { ErasureTable } from "./erasure-table.ts";
import { isLater } from "./is-later.ts";

/** How often expired dead letters are deleted, in milliseconds. */
const SWEEP_INTERVAL = 86_400_000;

/** A claim whose send was not confirmed within this time is dead again, in milliseconds. */
const CLAIM_TIME = 60_000;

/** Groups in one answer. */
const MOST_GROUPS = 1_000;

/** A claim with the state before it. It was refused if the dead letter is not dead. */
export type Claim = (
	| { type: "claimed"; replay: number }
	| { type: "refused" }
) &
	StateBefore;

export class DeadLetters extends DurableObject {
	readonly #table = new DeadLetterTable(this.ctx.storage.sql);
	readonly #search = new DeadLetterSearch(this.ctx.storage.sql);
	readonly #erasure = new ErasureTable(this.ctx.storage);
	readonly #alarm = new Alarm("DeadLetters", this.ctx.id, this.ctx.storage);
	/** No claim expires before this time, in epoch milliseconds. A search for one reads all rows that are replaying. */
	#expiryAt = 0;

	constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
		super(ctx, env);
		ctx.blockConcurrencyWhile(() =>
			this.#alarm.start(() => this.#nextSweepAt()),
		);
	}

	/** Stores one dead letter for each event and handler. A later failure replaces an earlier one. */
	async store(
		deadLetters: readonly NewDeadLetter[],
		deploy = "",
	): Promise<void> {
		const now = Date.now();
		this.ctx.storage.transactionSync(() => {
			for (const deadLetter of deadLetters) {
				const stored = this.#table.get(deadLetter.id);
				if (!stored) this.#table.insert(deadLetter, deploy, now);
				else if (isLater(deadLetter, stored))
					this.#table.update(stored, deadLetter, now);
			}
		});
		await this.#alarm.setBy(now + SWEEP_INTERVAL);
	}

	/** Returns null if no dead letter has this id, or it was discarded. */
	async get(id: string): Promise<StoredDeadLetter | null> {
		return this.#read(id);
	}

	/** Not async: no other claim may come between the read of a state and its change. */
	#read(id: string): StoredDeadLetter | null {
		this.#expireClaims();
		const stored = this.#table.get(id);
		return stored && stored.state !== "discarded" ? stored : null;
	}

	async list(query: DeadLetterQuery): Promise<DeadLetterPage> {
		this.#expireClaims();
		const { filter = {}, cursor } = query;
		const limit = pageSize(query.limit);
		const range = this.#search.range(filter, positionOf(cursor) ?? START);
		const rows = this.#search.list(filter, range, limit + 1);
		const page = rows.slice(0, limit);
		const { lastFailureAt = 0, id = "" } = page.at(-1) ?? {};
		const next =
			rows.length > limit ? ([lastFailureAt, id] as const) : range.end;
		// The first page has this range already.
		const counted =
			cursor === undefined ? range : this.#search.range(filter, START);
		return {
			deadLetters: page.map(summaryOf),
			...(next && { cursor: cursorOf(next) }),
			count: this.#search.count(filter, counted),
			...(counted.end && { countedUntil: counted.end[0] }),
		};
	}

	/** Counts those that match among the next 10 000. @param cursor of the call before */
	async count(
		filter: Filter,
		cursor?: string,
	): Promise<{ count: number; cursor?: string }> {
		this.#expireClaims();
		const range = this.#search.range(filter, positionOf(cursor) ?? START);
		return {
			count: this.#search.count(filter, range),
			...(range.end && { cursor: cursorOf(range.end) }),
		};
	}

	/** Groups those that match among the next 10 000 by handler, cause and reason. @param cursor of the call before */
	async groups(
		filter: Filter,
		cursor?: string,
	): Promise<DeadLetterGroups & { cursor?: string }> {
		this.#expireClaims();
		const range = this.#search.range(filter, positionOf(cursor) ?? START);
		return {
			...this.#search.groups(filter, range, MOST_GROUPS),
			...(range.end && { cursor: cursorOf(range.end) }),
		};
	}

	/** Number of dead letters by state. At most 10 000 of each are counted. */
	async counts(): Promise<Record<DeadLetterState, number>> {
		this.#expireClaims();
		return this.#search.counts();
	}

	/**
	 * Claims a dead letter for a replay. Of several calls, one gets the claim. Returns null if there is no such dead
	 * letter.
	 *
	 * @param replays how many replays the caller has seen; if there is another since, the claim is refused
	 * @param again claims one that is replaying or resolved, too
	 */
	async claim(
		id: string,
		replays: number,
		again: boolean,
	): Promise<Claim | null> {
		const stored = this.#read(id);
		if (!stored) return null;
		const { state, changedAt } = stored;
		if (stored.replays !== replays || (state !== "dead" && !again))
			return { type: "refused", state, changedAt };
		const replay = replays + 1;
		const now = Date.now();
		this.#table.setState(id, "replaying", replay, false, now);
		this.#expiryAt = Math.min(this.#expiryAt, now + CLAIM_TIME);
		return { type: "claimed", replay, state, changedAt };
	}

	/** The message of a replay was sent. */
	async confirmSent(id: string, replay: number): Promise<void> {
		this.#table.confirmSent(id, replay);
	}

	/**
	 * Ends a claim whose message was not sent, or whose delivery was cancelled: the dead letter is dead again, or
	 * resolved as before.
	 */
	async release(
		id: string,
		replay: number,
		before?: StateBefore,
	): Promise<void> {
		const stored = this.#table.get(id);
		if (stored?.state !== "replaying" || stored.replays !== replay) return;
		// A replay that was claimed before cannot end it any more, so one that was replaying is dead.
		const { state, changedAt } =
			before?.state === "resolved"
				? before
				: ({ state: "dead", changedAt: Date.now() } as const);
		this.#table.setState(id, state, replay, false, changedAt);
	}

	/** A replay was delivered. A replay that was claimed later decides itself. */
	async resolve(id: string, replay: number): Promise<void> {
		const stored = this.#table.get(id);
		if (stored?.replays !== replay || stored.state === "discarded") return;
		this.#table.setState(id, "resolved", replay, true, Date.now());
	}

	/** Discards a dead letter and its body. Returns false if no dead letter has this id. */
	async discard(id: string): Promise<boolean> {
		const stored = this.#read(id);
		if (!stored) return false;
		this.#table.setState(id, "discarded", stored.replays, true, Date.now());
		return true;
	}

	/**
	 * Erases and discards the next dead letters of the events to erase, in any state, with bodies that are stored apart.
	 */
	async erase(
		erasure: Erasure,
		after: string | undefined,
		isDryRun: boolean,
	): Promise<Erased<string>> {
		const table = this.#erasure;
		return eraseDeadLetters(erasure, after, isDryRun, table, objectContext());
	}

	/** Deletes expired dead letters once a day. */
	override async alarm(run?: AlarmInvocationInfo): Promise<void> {
		await this.#alarm.run(
			run?.isRetry ?? false,
			async () => {
				const { deadLetterRetention } = objectContext();
				this.#table.deleteBefore(Date.now() - deadLetterRetention);
			},
			() => this.#nextSweepAt(),
		);
	}

	/** Claims of calls that crashed before or while they sent. A second run is better than a lost replay. */
	#expireClaims(): void {
		const now = Date.now();
		if (now < this.#expiryAt) return;
		this.#table.expireClaims(now - CLAIM_TIME);
		const claimedAt = this.#table.earliestClaimAt() ?? Number.POSITIVE_INFINITY;
		this.#expiryAt = claimedAt + CLAIM_TIME;
	}

	#nextSweepAt(): number | null {
		return this.#table.isEmpty() ? null : Date.now() + SWEEP_INTERVAL;
	}
}
