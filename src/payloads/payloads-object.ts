/** Where one body lives that is too large for a message, until its time is over. */
import { DurableObject } from "cloudflare:workers";

/** A date is moved only by more than this, in milliseconds, so that retries cost no writes. */
const GRAIN = 86_400_000;

/** An alarm that came too early comes again after this at the earliest, in milliseconds. */
const SOON = 60_000;

interface Payload {
	text: string;
	/** Epoch milliseconds. */
	until: number;
}

export class Payloads extends DurableObject {
	readonly #kv = this.ctx.storage.kv;

	async put(text: string, until: number): Promise<void> {
		// First the alarm: a body without one would never go.
		await this.ctx.storage.setAlarm(until);
		this.#kv.put<Payload>("payload", { text, until });
	}

	async get(): Promise<string | null> {
		return this.#payload()?.text ?? null;
	}

	/** Keeps it at least until then; never shortens. */
	async keep(until: number): Promise<void> {
		const payload = this.#payload();
		if (!payload || until - payload.until < GRAIN) return;
		await this.put(payload.text, until);
	}

	override async alarm(): Promise<void> {
		const payload = this.#payload();
		const now = Date.now();
		// Not at once, should the alarm's clock be ahead of this one.
		if (payload && payload.until > now)
			await this.ctx.storage.setAlarm(Math.max(payload.until, now + SOON));
		else await this.ctx.storage.deleteAll();
	}

	#payload(): Payload | undefined {
		return this.#kv.get<Payload>("payload");
	}
}
