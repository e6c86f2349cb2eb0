/**
 * One invocation in an isolate. After its return it goes on only for promises passed to `waitUntil`, for 30 seconds at
 * most. Then its pending calls get no answer, and may not arrive.
 */
import { Isolate } from "./isolate.ts";

/** So long what was handed to `waitUntil` may take, in milliseconds (Cloudflare Workers, Context). */
const KEPT = 30_000;

/** How often what nobody waits for is cut off at once; else it is later, by chance. */
const AT_ONCE = 0.8;

export class Invocation extends Isolate {
	readonly #host: Isolate;
	readonly #forget: () => void;
	#kept = 0;
	#hasReturned = false;
	#stop = () => {};

	constructor(host: Isolate) {
		super(host.platform, host.label);
		this.#host = host;
		this.#forget = host.mourn(() => {
			this.alive = false;
		});
	}

	override kill(): void {
		this.#host.kill();
	}

	override randomBytes(bytes: Uint8Array): Uint8Array {
		return this.#host.randomBytes(bytes);
	}

	override keep(promise: Promise<unknown>): void {
		this.#kept++;
		const settled = () => {
			this.#kept--;
			if (this.#hasReturned && this.#kept === 0 && this.alive) this.#leave();
		};
		promise.then(settled, settled);
	}

	/** It has answered, or failed. */
	returned(): void {
		this.#hasReturned = true;
		if (this.#kept === 0) this.#leave();
		else this.#stop = this.platform.time.after(KEPT, () => this.#cutOff());
	}

	#leave(): void {
		const { fate, time } = this.platform;
		const drawn = fate.next(`cut off ${this.label}`) - AT_ONCE;
		const wait = Math.max(0, drawn / (1 - AT_ONCE)) * KEPT;
		if (wait === 0) this.#cutOff();
		else
			time.after(wait, () => {
				if (this.#kept === 0) this.#cutOff();
			});
	}

	#cutOff(): void {
		this.#stop();
		this.#forget();
		this.alive = false;
		this.isCutOff = true;
	}
}
