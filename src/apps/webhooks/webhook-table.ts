/**
 * Stores the secret of an event's webhook, and its deliveries of the last 24 hours, so that a repeated delivery is the
 * same event. Each method except `isSecret` is one synchronous step. It must not publish events.
 */

/** How long a delivery is stored, in milliseconds. */
const RETENTION = 86_400_000;

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
				is_queued INTEGER NOT NULL, at INTEGER NOT NULL
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

	/** Returns the event of a delivery: the event id of its first call in the last 24 hours. */
	accept(delivery: string, event: string, now: number) {
		const row = this.#sql
			.exec<{ event: string; is_queued: number }>(
				`INSERT INTO webhook_delivery VALUES (?1, ?2, 0, ?3) ON CONFLICT (delivery) DO UPDATE SET
					event = iif(at <= ?4, excluded.event, event),
					is_queued = iif(at <= ?4, 0, is_queued),
					at = iif(at <= ?4, excluded.at, at)
				 RETURNING event, is_queued`,
				...[delivery, event, now, now - RETENTION],
			)
			.one();
		if (this.nextSweepAt === undefined)
			this.#kv.put("nextSweepAt", now + RETENTION);
		return { id: row.event, isQueued: row.is_queued === 1 };
	}

	confirm(delivery: string): void {
		this.#sql.exec(
			"UPDATE webhook_delivery SET is_queued = 1 WHERE delivery = ?",
			delivery,
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
