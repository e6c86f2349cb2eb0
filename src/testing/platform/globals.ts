/**
 * Replaces clock, timers, randomness, cryptography and console for code inside isolates. Other code uses the real ones.
 */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { v4 } from "uuid";
import { current, currentWork } from "./isolate.ts";

const { now } = Date;
const { random } = Math;
const { setTimeout, clearTimeout } = globalThis;
const getRandomValues = crypto.getRandomValues.bind(crypto);
const randomUUID = crypto.randomUUID.bind(crypto);

Date.now = () => {
	const isolate = current();
	return isolate ? isolate.platform.wallClock(isolate) : now();
};

Math.random = () => {
	const isolate = current();
	return isolate
		? isolate.platform.fate.next(`random ${isolate.label}`)
		: random();
};

Object.defineProperty(crypto, "getRandomValues", {
	value: (bytes: Uint8Array) =>
		current()?.randomBytes(bytes) ?? getRandomValues(bytes as never),
});

Object.defineProperty(crypto, "randomUUID", {
	value: () => {
		const random = current()?.randomBytes(new Uint8Array(16));
		return random ? v4({ random }) : randomUUID();
	},
});

type Key = { raw: Uint8Array; hash: string };

/** The real functions settle in another thread, at a time that no seed determines. */
const subtle = {
	digest: async (algorithm: string, bytes: Uint8Array) =>
		bufferOf(createHash(algorithm.replace("-", "")).update(bytes).digest()),
	importKey: async (
		_: "raw",
		raw: Uint8Array,
		{ hash }: { hash: string },
	): Promise<Key> => ({ raw, hash: hash.replace("-", "") }),
	sign: async (_: "HMAC", { raw, hash }: Key, bytes: Uint8Array) =>
		bufferOf(createHmac(hash, raw).update(bytes).digest()),
	timingSafeEqual: (a: ArrayBuffer, b: ArrayBuffer) =>
		timingSafeEqual(new Uint8Array(a), new Uint8Array(b)),
};

function bufferOf(bytes: Uint8Array): ArrayBuffer {
	return Uint8Array.from(bytes).buffer;
}

const realSubtle = crypto.subtle;

Object.defineProperty(crypto, "subtle", {
	get: () => (current() ? subtle : realSubtle),
});

/** The real streams compress in another thread. Only `deflate-raw` is simulated. */
function inOneTick(
	real: typeof CompressionStream | typeof DecompressionStream,
	act: (bytes: Uint8Array) => Uint8Array,
): unknown {
	return new Proxy(real, {
		construct(_, [format]) {
			if (!current()) return new real(format);
			if (format !== "deflate-raw")
				throw new TypeError(`${format}: use deflate-raw in a simulation`);
			const chunks: Uint8Array[] = [];
			return new TransformStream({
				transform: (chunk) => void chunks.push(chunk),
				flush(controller) {
					controller.enqueue(new Uint8Array(act(Buffer.concat(chunks))));
				},
			});
		},
	});
}

Object.assign(globalThis, {
	CompressionStream: inOneTick(CompressionStream, deflateRawSync),
	DecompressionStream: inOneTick(DecompressionStream, inflateRawSync),
});

type Timer = { cancel: () => void };

globalThis.setTimeout = ((act: () => void, ms = 0, ...rest: unknown[]) => {
	const work = currentWork();
	if (!work) return setTimeout(act, ms, ...(rest as []));
	const { isolate } = work;
	const cancel = isolate.platform.time.after(ms, () =>
		isolate.resume(() => work.run(act)),
	);
	return { cancel } satisfies Timer;
}) as typeof setTimeout;

globalThis.clearTimeout = ((timer: unknown) => {
	if (typeof timer === "object" && timer !== null && "cancel" in timer)
		(timer as Timer).cancel();
	else clearTimeout(timer as Parameters<typeof clearTimeout>[0]);
}) as typeof clearTimeout;

for (const level of ["log", "warn", "error"] as const) {
	const write = console[level].bind(console);
	console[level] = (...args: unknown[]) => {
		const isolate = current();
		if (isolate) isolate.platform.noteConsole(isolate, args);
		else write(...args);
	};
}
