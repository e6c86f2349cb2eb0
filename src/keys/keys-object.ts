/**
 * Stores idempotency keys for 24 hours. A publish reserves its key with the id of its event before it stores the event,
 * and confirms it after. It must not publish.
 */
import { DurableObject } from "cloudflare:workers";
import type { Receipt } from "../event/errors.ts";
import { Alarm } from "../platform/alarm.ts";
import { inTime, realTimer } from "../platform/timer.ts";
import { KeyTable, nextDropAt, RETENTION } from "./key-table.ts";

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

/** A reservation that was not confirmed within this time is taken over, in milliseconds. Its call has crashed. */
const TAKEOVER = 30_000;

export class Keys extends DurableObject {
	readonly #table = new KeyTable(this.ctx.storage.sql);
	readonly #alarm = new Alarm(this.ctx.storage);
	/** Calls that wait for a reservation to end. */
	readonly #waiting = new Map<string, PromiseWithResolvers<void>>();

	constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
		super(ctx, env);
		ctx.blockConcurrencyWhile(() =>
			this.#alarm.start(() => this.#nextDropAt()),
		);
	}

	/**
	 * Reserves a key for an event, or returns what became of its first use.
	 *
	 * @param content a digest of what is published
	 * @param id of the event, if the key is new
	 * @param time of the event, in epoch milliseconds
	 */
	async reserve(
		key: string,
		content: string,
		id: string,
		time: number,
	): Promise<Reservation> {
		const first = this.#tryReserve(key, content, id, time);
		if (first.type !== "in_progress") {
			await this.#alarm.setBy(nextDropAt(Date.now()));
			return first;
		}
		const waiting = this.#waiting.get(key) ?? Promise.withResolvers<void>();
		this.#waiting.set(key, waiting);
		await inTime(waiting.promise, WAIT, realTimer).catch(() => {});
		return this.#tryReserve(key, content, id, time);
	}

	/** The event is stored: later calls get this receipt. */
	async confirm(key: string, receipt: Receipt): Promise<void> {
		this.#table.confirm(key, JSON.stringify(receipt), Date.now());
		this.#wake(key);
	}

	/** The publish failed: the next call may publish, under the same id. */
	async release(key: string): Promise<void> {
		this.#table.release(key, Date.now());
		this.#wake(key);
	}

	override async alarm(run?: AlarmInvocationInfo): Promise<void> {
		await this.#alarm.run(
			run?.isRetry ?? false,
			async () => this.#table.dropBefore(Date.now() - RETENTION),
			() => this.#nextDropAt(),
		);
	}

	#tryReserve(
		key: string,
		content: string,
		id: string,
		time: number,
	): Reservation {
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

	#wake(key: string): void {
		this.#waiting.get(key)?.resolve();
		this.#waiting.delete(key);
	}

	#nextDropAt(): number | null {
		return this.#table.isEmpty() ? null : nextDropAt(Date.now());
	}
}
