/**
 * An isolate: code runs in it with its own clock, timers and randomness. When it is killed, its pending calls get no
 * answer, so its code simply stops.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import type { Platform } from "./platform.ts";

const running = new AsyncLocalStorage<Work>();

/** A call out of an isolate, as far as it has come. */
export interface CallNote {
	/** What is called, such as `events.send`. */
	name: string;
	subjects: readonly string[];
	/** Whether it was performed; one that failed may have been. */
	isDone: boolean;
	/** As the caller knows it. A call that never will be answered has failed. */
	end: "open" | "answered" | "failed";
}

/** One piece of work in an isolate, such as a batch, and the calls that it has made. */
export class Work {
	calls: CallNote[] = [];
	/** The queue whose batch it takes, if it does. */
	queue: string | undefined;
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
	/** What is done by one that is cut off reaches nobody any more. */
	isCutOff = false;
	/** What runs in it as a part of nothing else. */
	readonly work = new Work(this);
	/** Batches and requests that it is in the middle of. */
	readonly batches = new Set<Work>();
	readonly platform: Platform;
	readonly label: string;
	/** What it is an isolate of: its label without a count. */
	readonly home: string;
	/** How far its clock is off, in milliseconds. */
	readonly skew: number;
	readonly #mourners = new Set<() => void>();

	constructor(platform: Platform, label: string) {
		this.platform = platform;
		this.label = label;
		this.home = label.split(" ~", 1)[0] as string;
		this.skew = platform.skewOf(label);
	}

	run<Result>(act: () => Result): Result {
		return this.work.run(act);
	}

	/** Goes on with what waited for an answer; an object first lets others finish. */
	resume(act: () => void): void {
		if (this.alive) act();
	}

	/** Before anything leaves the isolate. False when it does not, because the isolate is dead. */
	release(): boolean {
		return this.alive;
	}

	/** What was handed to `waitUntil`; nothing ends here before it. */
	keep(promise: Promise<unknown>): void {
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
		for (const mourn of [...this.#mourners]) mourn();
	}

	/** Is told of its death; the answer takes that back. */
	mourn(act: () => void): () => void {
		this.#mourners.add(act);
		return () => this.#mourners.delete(act);
	}
}

/** The work that is running. */
export function currentWork(): Work | undefined {
	return running.getStore();
}

/** The isolate whose code is running. */
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
	if (!work) throw new Error("no isolate is running");
	return work;
}
