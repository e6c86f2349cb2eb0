/**
 * Stores idempotency keys for 24 hours. A publish reserves its key with the id of its event before it stores the event,
 * and confirms it after. It must not publish.
 */
import { DurableObject } from "cloudflare:workers";
import type { Receipt } from "../event/errors.ts";
import { Alarm } from "../platform/alarm.ts";
import { inTime, realTimer } from "../platform/timer.ts";
import { KeyTable, nextDropAt, RETENTION } from "./key-table.ts";

/** A key to reserve for an event. */
export interface NewKey {
	key: string;
	/** A digest of what is published. */
	content: string;
	/** Of the event, if the key is new. */
	id: string;
	/** Of the event, in epoch milliseconds. */
	time: number;
}

/** The key of an event that is stored. */
export interface PublishedKey {
	key: string;
	receipt: Receipt;
}

/** Who publishes under the key: this call, with the id and time that the event must have, or another one. */
export type Reservation =
	| { type: "reserved"; id: string; time: number }
	/** The event is stored. */
	| { type: "published"; receipt: Receipt }
	/** Another call has reserved the key, and did not end in time. */
	| { type: "in_progress" }
	/** The key was used for another event. */
	| { type: "different" };

/** How long a call waits for the one that has reserved its key, in milliseconds. */
const WAIT = 5_000;

/**
 * A reservation that was not confirmed within this time is taken over, in milliseconds. Its call has crashed or is
 * slow: the event may then be published twice, under one id.
 */
const TAKEOVER = 30_000;

export class Keys extends DurableObject {
	readonly #table = new KeyTable(this.ctx.storage.sql);
	readonly #alarm = new Alarm("Keys", this.ctx.id, this.ctx.storage);
	/** Calls that wait for a reservation to end. */
	readonly #waiting = new Map<string, PromiseWithResolvers<void>>();

	constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
		super(ctx, env);
		ctx.blockConcurrencyWhile(() =>
			this.#alarm.start(() => this.#nextDropAt()),
		);
	}

	/** Reserves keys, or returns what became of their first use. */
	async reserve(keys: readonly NewKey[]): Promise<Reservation[]> {
		const first = keys.map((key) => this.#tryReserve(key));
		await this.#alarm.setBy(nextDropAt(Date.now()));
		return Promise.all(
			keys.map(async (key, index) => {
				const reservation = first[index] as Reservation;
				if (reservation.type !== "in_progress") return reservation;
				await this.#ended(key.key);
				return this.#tryReserve(key);
			}),
		);
	}

	/** The events are stored: later calls get these receipts. */
	async confirm(published: readonly PublishedKey[]): Promise<void> {
		const now = Date.now();
		for (const { key, receipt } of published) {
			this.#table.confirm(key, JSON.stringify(receipt), now);
			this.#wake(key);
		}
	}

	/** The events were perhaps not stored: the next calls may publish, under the same ids. */
	async release(keys: readonly string[]): Promise<void> {
		const now = Date.now();
		for (const key of keys) {
			this.#table.release(key, now);
			this.#wake(key);
		}
	}

	override async alarm(run?: AlarmInvocationInfo): Promise<void> {
		await this.#alarm.run(
			run?.isRetry ?? false,
			async () => this.#table.dropBefore(Date.now() - RETENTION),
			() => this.#nextDropAt(),
		);
	}

	#tryReserve({ key, content, id, time }: NewKey): Reservation {
		const now = Date.now();
		const known = this.#table.find(key, now);
		if (!known) {
			this.#table.reserve({ key, content, id, time }, now);
			return { type: "reserved", id, time };
		}
		if (known.content !== content) return { type: "different" };
		if (known.receipt !== null)
			return { type: "published", receipt: JSON.parse(known.receipt) };
		if (now - known.reservedAt < TAKEOVER) return { type: "in_progress" };
		this.#table.renew(key, now);
		return { type: "reserved", id: known.id, time: known.time };
	}

	/** Waits until the call that has reserved the key has ended, or for the longest time. */
	async #ended(key: string): Promise<void> {
		const waiting = this.#waiting.get(key) ?? Promise.withResolvers<void>();
		this.#waiting.set(key, waiting);
		await inTime(waiting.promise, WAIT, realTimer).catch(() => {});
	}

	#wake(key: string): void {
		this.#waiting.get(key)?.resolve();
		this.#waiting.delete(key);
	}

	#nextDropAt(): number | null {
		return this.#table.isEmpty() ? null : nextDropAt(Date.now());
	}
}
