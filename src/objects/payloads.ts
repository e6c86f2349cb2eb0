/** Where one body lives that is too large for a message, until its time is over. */
import { DurableObject } from "cloudflare:workers";

/** A date is moved only by more than this, in milliseconds, so that retries cost no writes. */
const GRAIN = 86_400_000;

export class Payloads extends DurableObject {
	readonly #sql = this.ctx.storage.sql;

	constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
		super(ctx, env);
		this.#sql.exec(
			"CREATE TABLE IF NOT EXISTS payload (body TEXT NOT NULL, until INTEGER NOT NULL)",
		);
	}

	async put(text: string, until: number): Promise<void> {
		this.ctx.storage.transactionSync(() => {
			this.#sql.exec("DELETE FROM payload");
			this.#sql.exec("INSERT INTO payload VALUES (?, ?)", text, until);
		});
		await this.ctx.storage.setAlarm(until);
	}

	async get(): Promise<string | null> {
		return this.#row()?.body ?? null;
	}

	/** Keeps it at least until then; never shortens. */
	async keep(until: number): Promise<void> {
		const row = this.#row();
		if (!row || until - row.until < GRAIN) return;
		this.#sql.exec("UPDATE payload SET until = ?", until);
		await this.ctx.storage.setAlarm(until);
	}

	override async alarm(): Promise<void> {
		const row = this.#row();
		if (row && row.until > Date.now())
			await this.ctx.storage.setAlarm(row.until);
		else await this.ctx.storage.deleteAll();
	}

	#row(): { body: string; until: number } | undefined {
		return this.#sql
			.exec<{ body: string; until: number }>("SELECT body, until FROM payload")
			.toArray()[0];
	}
}
