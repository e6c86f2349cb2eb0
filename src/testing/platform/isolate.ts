/**
 * An isolate: code runs in it with its own clock, timers and randomness. When it is killed, its pending calls get no
 * answer, so its code simply stops.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import type { Platform } from "./platform.ts";

const running = new AsyncLocalStorage<Work>();

/** The state of a call out of an isolate. */
export interface CallNote {
	/** The called operation, such as `events.send`. */
	name: string;
	subjects: readonly string[];
	/** Whether it was performed. A failed call may have been performed too. */
	isDone: boolean;
	/** The state that the caller knows. A call that never gets an answer counts as failed. */
	end: "open" | "answered" | "failed";
}

/** One piece of work in an isolate, such as a batch, and the calls that it has made. */
export class Work {
	calls: CallNote[] = [];
	/** The queue of the batch, if the work is a batch. */
	queue: string | undefined;
	/** Its timers that have not fired. */
	timers = 0;
	readonly isolate: Isolate;

	constructor(isolate: Isolate) {
		this.isolate = isolate;
	}

	run<Result>(act: () => Result): Result {
		return running.run(this, act);
	}
}

export class Isolate {
	alive = true;
	/** If true, pending calls of the isolate are not performed. */
	isCutOff = false;
	/** The work that belongs to no batch and no request. */
	readonly work = new Work(this);
	/** Batches and requests in progress. */
	readonly batches = new Set<Work>();
	readonly platform: Platform;
	readonly label: string;
	/** The label without its count, such as the name of an object. Its instances share it. */
	readonly home: string;
	/** Error of its clock, in milliseconds. */
	readonly skew: number;
	/** The bindings and variables that its code sees. */
	readonly env: Record<string, unknown>;
	readonly #deathListeners = new Set<() => void>();

	/** @param env of its Worker; default: that of the platform */
	constructor(
		platform: Platform,
		label: string,
		env: Record<string, unknown> = platform.env,
	) {
		this.platform = platform;
		this.label = label;
		this.env = env;
		this.home = label.split(" ~", 1)[0] as string;
		this.skew = platform.skewOf(label);
	}

	run<Result>(act: () => Result): Result {
		return this.work.run(act);
	}

	/** Continues code when an answer arrives. An object delays this while its input gate is closed. */
	resume(act: () => void): void {
		if (this.alive) act();
	}

	/** Called before a call or an answer leaves the isolate. Returns false if the isolate is dead. */
	release(): boolean {
		return this.alive;
	}

	/** Accepts a promise of `waitUntil`. A plain isolate does not end after a return, so nothing must be extended. */
	waitUntil(promise: Promise<unknown>): void {
		promise.catch(() => {});
	}

	randomBytes(bytes: Uint8Array): Uint8Array {
		const { fate } = this.platform;
		for (const index of bytes.keys())
			bytes[index] = Math.floor(fate.next(`byte ${this.label}`) * 256);
		return bytes;
	}

	kill(): void {
		if (!this.alive) return;
		this.alive = false;
		const calls = [this.work, ...this.batches].flatMap((work) => work.calls);
		const subjects = new Set(calls.flatMap((call) => call.subjects));
		this.platform.note("killed", this.label, [...subjects], { calls });
		for (const listener of [...this.#deathListeners]) listener();
	}

	/** Calls `act` when the isolate dies. Returns a function that cancels this. */
	onDeath(act: () => void): () => void {
		this.#deathListeners.add(act);
		return () => this.#deathListeners.delete(act);
	}
}

/** Returns the work whose code is running. */
export function currentWork(): Work | undefined {
	return running.getStore();
}

/** Returns the isolate whose code is running. */
export function current(): Isolate | undefined {
	return running.getStore()?.isolate;
}

/** @throws Error outside of every isolate */
export function here(): Isolate {
	return workHere().isolate;
}

/** @throws Error outside of every isolate */
export function workHere(): Work {
	const work = running.getStore();
	if (work) return work;
	throw new Error(
		"no Worker is running here; in a test, import the module of your events and not the Worker's main module, and call other code in bus.request(() => …)",
	);
}

/** Runs code outside of every isolate: with the real clock and the real timers. */
export function outside<Result>(act: () => Result): Result {
	return running.exit(act);
}
