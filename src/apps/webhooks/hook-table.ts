/**
 * The secret of an event's hook, and the deliveries that came by it in the last 24 hours, so that one which its
 * sender repeats is the same event. Every method but `knows` is one synchronous step.
 */
import type { Accepted } from "../subscriptions/subscription.ts";

/** How long a sender's repetition is known, in milliseconds. */
const KNOWN = 86_400_000;

const SECRET_BYTES = 32;

export class HookTable {
	readonly #kv: DurableObjectStorage["kv"];
	readonly #sql: SqlStorage;

	constructor({ kv, sql }: DurableObjectStorage) {
		this.#kv = kv;
		this.#sql = sql;
		this.#sql.exec(`
			CREATE TABLE IF NOT EXISTS hooked (
				delivery TEXT PRIMARY KEY, event TEXT NOT NULL,
				is_held INTEGER NOT NULL, at INTEGER NOT NULL
			) WITHOUT ROWID;
		`);
	}

	/** 256 random bits as base64url; made when first asked for. */
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

	/** Whether it is the secret, in a time that does not tell how much of it is right. */
	async knows(told: string): Promise<boolean> {
		const [mine, theirs] = await Promise.all([told, this.secret()].map(digest));
		return crypto.subtle.timingSafeEqual(
			mine as ArrayBuffer,
			theirs as ArrayBuffer,
		);
	}

	/** The event that a delivery is: the one of the first call that told of it in the last 24 hours. */
	accept(delivery: string, event: string, now: number): Accepted {
		const row = this.#sql
			.exec<{ event: string; is_held: number }>(
				`INSERT INTO hooked VALUES (?1, ?2, 0, ?3) ON CONFLICT (delivery) DO UPDATE SET
					event = iif(at <= ?4, excluded.event, event),
					is_held = iif(at <= ?4, 0, is_held),
					at = iif(at <= ?4, excluded.at, at)
				 RETURNING event, is_held`,
				...[delivery, event, now, now - KNOWN],
			)
			.one();
		if (this.sweepsAt === undefined) this.#kv.put("sweepsAt", now + KNOWN);
		return { id: row.event, isHeld: row.is_held === 1 };
	}

	confirm(delivery: string): void {
		this.#sql.exec(
			"UPDATE hooked SET is_held = 1 WHERE delivery = ?",
			delivery,
		);
	}

	/** When what is too old is next swept away, in epoch milliseconds; undefined when there is nothing. */
	get sweepsAt(): number | undefined {
		return this.#kv.get<number>("sweepsAt");
	}

	sweep(now: number): void {
		if ((this.sweepsAt ?? Number.POSITIVE_INFINITY) > now) return;
		this.#sql.exec("DELETE FROM hooked WHERE at <= ?", now - KNOWN);
		const { rest } = this.#sql
			.exec<{ rest: number }>("SELECT EXISTS (SELECT 1 FROM hooked) AS rest")
			.one();
		if (rest === 1) this.#kv.put("sweepsAt", now + KNOWN);
		else this.#kv.delete("sweepsAt");
	}
}

function digest(text: string): Promise<ArrayBuffer> {
	return crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
}
