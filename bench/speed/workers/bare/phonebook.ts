/** A minimal store of subscriptions by key: one table with one index. */
import { DurableObject } from "cloudflare:workers";

export class Phonebook extends DurableObject<{ QUEUE: Queue<string> }> {
	readonly #sql = this.ctx.storage.sql;

	constructor(ctx: DurableObjectState, env: { QUEUE: Queue<string> }) {
		super(ctx, env);
		this.#sql.exec(`
			CREATE TABLE IF NOT EXISTS subscription (
				key INTEGER NOT NULL, tool TEXT NOT NULL, PRIMARY KEY (key, tool)
			) WITHOUT ROWID
		`);
	}

	async fill(subscriptions: number): Promise<void> {
		for (let key = 0; key < subscriptions; key++)
			this.#sql.exec("INSERT INTO subscription VALUES (?, 'hear')", key);
	}

	/** Sends one message for each subscription with the key. */
	async send(key: number, record: string): Promise<void> {
		const found = this.#sql
			.exec("SELECT tool FROM subscription WHERE key = ?", key)
			.toArray();
		await this.env.QUEUE.sendBatch(
			found.map(() => ({ body: record, contentType: "text" })),
		);
	}
}
