/**
 * One invocation in an isolate. After it returns, it continues only for promises passed to `waitUntil`, for at most 30
 * seconds. Calls that are then pending get no answer, and may not be performed.
 */
import { Isolate } from "./isolate.ts";

/** Time limit of promises passed to `waitUntil`, in milliseconds (Cloudflare Workers, Context). */
const WAIT_UNTIL_TIME = 30_000;

/** Share of invocations without pending `waitUntil` promises that end at once. The others end at a random time. */
const AT_ONCE = 0.8;

export class Invocation extends Isolate {
	readonly #host: Isolate;
	readonly #forget: () => void;
	#pending = 0;
	#hasReturned = false;
	#stop = () => {};

	constructor(host: Isolate) {
		super(host.platform, host.label, host.env);
		this.#host = host;
		this.#forget = host.onDeath(() => {
			this.alive = false;
		});
	}

	override kill(): void {
		this.#host.kill();
	}

	override onDeath(act: () => void): () => void {
		return this.#host.onDeath(act);
	}

	override randomBytes(bytes: Uint8Array): Uint8Array {
		return this.#host.randomBytes(bytes);
	}

	override waitUntil(promise: Promise<unknown>): void {
		this.#pending++;
		const settled = () => {
			this.#pending--;
			if (this.#hasReturned && this.#pending === 0 && this.alive) this.#leave();
		};
		promise.then(settled, settled);
	}

	/** Called when the invocation has returned or thrown. */
	returned(): void {
		this.#hasReturned = true;
		if (this.#pending === 0) this.#leave();
		else
			this.#stop = this.platform.time.after(WAIT_UNTIL_TIME, () =>
				this.#cutOff(),
			);
	}

	#leave(): void {
		const { fate, time } = this.platform;
		const drawn = fate.next(`cut off ${this.label}`) - AT_ONCE;
		const wait = Math.max(0, drawn / (1 - AT_ONCE)) * WAIT_UNTIL_TIME;
		if (wait === 0) this.#cutOff();
		else
			time.after(wait, () => {
				if (this.#pending === 0) this.#cutOff();
			});
	}

	#cutOff(): void {
		this.#stop();
		this.#forget();
		this.alive = false;
		this.isCutOff = true;
	}
}
