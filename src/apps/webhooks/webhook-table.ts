/**
 * Stores the secret of an event's webhook, and its deliveries of the last 24 hours, so that a repeated delivery is the
 * same event. Each method except `isSecret` is one synchronous step. It must not publish events.
 */

/** How long a delivery is stored, in milliseconds. */
const RETENTION = 86_400_000;

/**
 * How long the call that reserved a delivery may take to store its event, in milliseconds. Storing takes two seconds
 * with all its retries, unless a queue does not answer.
 */
const RESERVATION = 10_000;

/** What a call of a delivery may do. The event is the one of the first call in the last 24 hours. */
export type WebhookReservation =
	/** Store the event now. */
	| { type: "reserved"; event: string; until: number }
	/** Nothing: a queue has accepted the event. */
	| { type: "stored"; event: string }
	/** Wait: another call may be storing the event, until this time in epoch milliseconds. */
	| { type: "pending"; event: string; until: number };

const SECRET_BYTES = 32;

export class WebhookTable {
	readonly #kv: DurableObjectStorage["kv"];
	readonly #sql: SqlStorage;

	constructor({ kv, sql }: DurableObjectStorage) {
		this.#kv = kv;
		this.#sql = sql;
		this.#sql.exec(`
			CREATE TABLE IF NOT EXISTS webhook_delivery (
				delivery TEXT PRIMARY KEY, event TEXT NOT NULL,
				reserved_until INTEGER, at INTEGER NOT NULL
			) WITHOUT ROWID;
		`);
	}

	/** Returns 256 random bits as base64url. Creates them on the first call. */
	secret(): string {
		return this.#kv.get<string>("secret") ?? this.rotate();
	}

	rotate(): string {
		const bytes = crypto.getRandomValues(new Uint8Array(SECRET_BYTES));
		const secret = btoa(String.fromCharCode(...bytes))
			.replaceAll("+", "-")
			.replaceAll("/", "_")
			.replace("=", "");
		this.#kv.put("secret", secret);
		return secret;
	}

	/** Compares in constant time, so that the duration does not reveal how much of a guess is right. */
	async isSecret(given: string): Promise<boolean> {
		const [theirs, mine] = await Promise.all(
			[given, this.secret()].map(digest),
		);
		return crypto.subtle.timingSafeEqual(
			theirs as ArrayBuffer,
			mine as ArrayBuffer,
		);
	}

	/** Reserves a delivery for one call, unless another call has reserved or stored it. */
	reserve(delivery: string, event: string, now: number): WebhookReservation {
		const row = this.#sql
			.exec<{ event: string; reserved_until: number | null; at: number }>(
				"SELECT event, reserved_until, at FROM webhook_delivery WHERE delivery = ? AND at > ?",
				delivery,
				now - RETENTION,
			)
			.toArray()[0];
		if (row && row.reserved_until === null)
			return { type: "stored", event: row.event };
		if (row?.reserved_until && row.reserved_until > now)
			return { type: "pending", event: row.event, until: row.reserved_until };
		// A call that was interrupted may have stored its event, so that the next one uses the same id.
		const reserved = { event: row?.event ?? event, until: now + RESERVATION };
		this.#sql.exec(
			"INSERT OR REPLACE INTO webhook_delivery VALUES (?, ?, ?, ?)",
			delivery,
			reserved.event,
			reserved.until,
			row?.at ?? now,
		);
		if (this.nextSweepAt === undefined)
			this.#kv.put("nextSweepAt", now + RETENTION);
		return { type: "reserved", ...reserved };
	}

	confirm(delivery: string): void {
		this.#sql.exec(
			"UPDATE webhook_delivery SET reserved_until = NULL WHERE delivery = ?",
			delivery,
		);
	}

	/** Ends a reservation whose call has failed. A later reservation is not ended. */
	release(delivery: string, until: number): void {
		this.#sql.exec(
			"UPDATE webhook_delivery SET reserved_until = 0 WHERE delivery = ? AND reserved_until = ?",
			delivery,
			until,
		);
	}

	/** When old deliveries are next deleted, in epoch milliseconds; undefined without deliveries. */
	get nextSweepAt(): number | undefined {
		return this.#kv.get<number>("nextSweepAt");
	}

	sweep(now: number): void {
		if ((this.nextSweepAt ?? Number.POSITIVE_INFINITY) > now) return;
		this.#sql.exec(
			"DELETE FROM webhook_delivery WHERE at <= ?",
			now - RETENTION,
		);
		const { any } = this.#sql
			.exec<{ any: number }>(
				"SELECT EXISTS (SELECT 1 FROM webhook_delivery) AS any",
			)
			.one();
		if (any === 1) this.#kv.put("nextSweepAt", now + RETENTION);
		else this.#kv.delete("nextSweepAt");
	}
}

function digest(text: string): Promise<ArrayBuffer> {
	return crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
}
