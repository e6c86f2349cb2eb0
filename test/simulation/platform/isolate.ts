/**
 * A place where code runs and can be killed: it has its own clock, timers and randomness, and once it is dead
 * nothing that it waits for comes back. What it was in the middle of simply ends there.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import type { Platform } from "./platform.ts";

const running = new AsyncLocalStorage<Isolate>();

export class Isolate {
	alive = true;
	/** What is done by one that is cut off reaches nobody any more. */
	isCutOff = false;
	/** What its death may bring twice: what it has sent off in its present work. */
	readonly sent: Set<string>;
	readonly platform: Platform;
	readonly label: string;
	/** How far its clock is off, in milliseconds. */
	readonly skew: number;
	readonly #mourners = new Set<() => void>();

	constructor(platform: Platform, label: string, sent = new Set<string>()) {
		this.platform = platform;
		this.sent = sent;
		this.label = label;
		this.skew = platform.skewOf(label);
	}

	run<Result>(act: () => Result): Result {
		return running.run(this, act);
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
		this.platform.tell("killed", this.label, [...this.sent]);
		for (const mourn of [...this.#mourners]) mourn();
	}

	/** Is told of its death; the answer takes that back. */
	mourn(act: () => void): () => void {
		this.#mourners.add(act);
		return () => this.#mourners.delete(act);
	}
}

/** The isolate whose code is running. */
export function current(): Isolate | undefined {
	return running.getStore();
}

/** @throws Error outside of every isolate */
export function here(): Isolate {
	const isolate = running.getStore();
	if (!isolate) throw new Error("no isolate is running");
	return isolate;
}
