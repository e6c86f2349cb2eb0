/** Stores one body that is too large for a message, until its date. It must not know which event the body is of. */
import { DurableObject } from "cloudflare:workers";
import { Alarm } from "../platform/alarm.ts";

/** A date is extended by at least a day, so that most retries cost no writes. In milliseconds. */
const SHORTEST_EXTENSION = 86_400_000;

interface Payload {
	text: string;
	/** Epoch milliseconds. */
	until: number;
}

export class Payloads extends DurableObject {
	readonly #kv = this.ctx.storage.kv;
	readonly #alarm = new Alarm("Payloads", this.ctx.id, this.ctx.storage);

	constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
		super(ctx, env);
		// Without a correction: that would read the body, up to 256 KB, each time the object starts.
		ctx.blockConcurrencyWhile(() => this.#alarm.start(() => null));
	}

	async put(text: string, until: number): Promise<void> {
		// The alarm first: a body without one would never be deleted.
		await this.#alarm.setTo(until);
		this.#kv.put<Payload>("payload", { text, until });
	}

	async get(): Promise<string | null> {
		return this.#payload()?.text ?? null;
	}

	/** Extends the date. Never shortens it. Returns false if no body is stored. */
	async extend(until: number): Promise<boolean> {
		const payload = this.#payload();
		if (!payload) return false;
		if (until - payload.until >= SHORTEST_EXTENSION)
			await this.put(payload.text, until);
		return true;
	}

	/** Deletes the body before it expires. Returns false if no body is stored. */
	async delete(): Promise<boolean> {
		const exists = this.#payload() !== undefined;
		// In one tick with the body, so both are deleted or neither.
		const removed = this.#alarm.setTo(null);
		await this.ctx.storage.deleteAll();
		await removed;
		return exists;
	}

	/** Deletes the body if its date has passed. */
	override async alarm(run?: AlarmInvocationInfo): Promise<void> {
		let until: number | undefined;
		await this.#alarm.run(
			run?.isRetry ?? false,
			async () => {
				until = this.#payload()?.until;
				if (until !== undefined && until > Date.now()) return;
				await this.ctx.storage.deleteAll();
				until = undefined;
			},
			() => until ?? null,
		);
	}

	#payload(): Payload | undefined {
		return this.#kv.get<Payload>("payload");
	}
}
