/**
 * Replaces clock, timers, randomness, cryptography and console for code inside isolates. Other code uses the real ones.
 */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { v4 } from "uuid";
import { current, currentWork, outside, type Work } from "./isolate.ts";

const RealDate = Date;
const { now } = RealDate;
const { random } = Math;
const { setTimeout, clearTimeout, setInterval, clearInterval, fetch } =
	globalThis;
const { timeout } = AbortSignal;
const getRandomValues = crypto.getRandomValues.bind(crypto);
const randomUUID = crypto.randomUUID.bind(crypto);

RealDate.now = () => {
	const isolate = current();
	return isolate ? isolate.platform.wallClock(isolate) : now();
};

globalThis.Date = new Proxy(RealDate, {
	construct: (real, args, target) =>
		Reflect.construct(real, args.length === 0 ? [real.now()] : args, target),
	apply: (real) => String(new real(real.now())),
});
RealDate.prototype.constructor = Date;

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

const realSubtle = crypto.subtle;

/** The real functions settle in another thread, at a time that no seed determines. The other functions are real. */
const simulatedSubtle = {
	digest: async (algorithm: string, bytes: Uint8Array) =>
		bufferOf(createHash(algorithm.replace("-", "")).update(bytes).digest()),
	importKey: async (
		format: "raw" | "pkcs8" | "spki",
		raw: Uint8Array<ArrayBuffer>,
		algorithm: Parameters<SubtleCrypto["importKey"]>[2],
		isExtractable: boolean,
		usages: string[],
	) => {
		const { name, hash } = Object(algorithm) as { name: string; hash: string };
		const isSimulated =
			format === "raw" && name === "HMAC" && `${usages}` === "sign";
		return isSimulated
			? ({ raw, hash: hash.replace("-", "") } satisfies Key)
			: realSubtle.importKey(format, raw, algorithm, isExtractable, usages);
	},
	sign: async (
		algorithm: string,
		key: Key | CryptoKey,
		bytes: Uint8Array<ArrayBuffer>,
	) =>
		"raw" in key
			? bufferOf(createHmac(key.hash, key.raw).update(bytes).digest())
			: realSubtle.sign(algorithm, key, bytes),
	timingSafeEqual: (a: ArrayBuffer, b: ArrayBuffer) =>
		timingSafeEqual(new Uint8Array(a), new Uint8Array(b)),
};

function bufferOf(bytes: Uint8Array): ArrayBuffer {
	return Uint8Array.from(bytes).buffer;
}

const subtle = new Proxy(realSubtle, {
	get(real, name) {
		if (Object.hasOwn(simulatedSubtle, name))
			return Reflect.get(simulatedSubtle, name);
		const act = Reflect.get(real, name, real);
		return typeof act === "function" ? act.bind(real) : act;
	},
});

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
			if (!current() || format !== "deflate-raw") return new real(format);
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

/** A timer of an isolate, with the methods of Node's timers. */
class Timer {
	cancel = () => {};

	ref(): this {
		return this;
	}

	unref(): this {
		return this;
	}

	hasRef(): boolean {
		return true;
	}
}

/** @param isRepeated for `setInterval` */
function start(
	work: Work,
	act: (...args: unknown[]) => void,
	ms: number,
	args: unknown[],
	isRepeated: boolean,
): Timer {
	const { isolate } = work;
	const timer = new Timer();
	const arm = () => {
		work.timers++;
		const cancel = isolate.platform.time.after(Math.max(0, ms || 0), () => {
			work.timers--;
			timer.cancel = () => {};
			isolate.resume(() => {
				if (isRepeated) arm();
				work.run(() => act(...args));
			});
		});
		timer.cancel = () => {
			work.timers--;
			timer.cancel = () => {};
			cancel();
		};
	};
	arm();
	return timer;
}

function stop(timer: unknown, real: (timer: never) => void): void {
	if (timer instanceof Timer) timer.cancel();
	else real(timer as never);
}

Object.assign(globalThis, {
	setTimeout: (act: () => void, ms = 0, ...args: unknown[]) => {
		const work = currentWork();
		return work
			? start(work, act, ms, args, false)
			: setTimeout(act, ms, ...(args as []));
	},
	setInterval: (act: () => void, ms = 0, ...args: unknown[]) => {
		const work = currentWork();
		return work
			? // Several ticks in one instant would never end.
				start(work, act, Math.max(1, ms), args, true)
			: setInterval(act, ms, ...(args as []));
	},
	clearTimeout: (timer: unknown) => stop(timer, clearTimeout),
	clearInterval: (timer: unknown) => stop(timer, clearInterval),
	// Timeouts of a real connection are real.
	fetch: (...args: Parameters<typeof fetch>) => outside(() => fetch(...args)),
});

AbortSignal.timeout = (ms: number) => {
	const work = currentWork();
	if (!work) return timeout(ms);
	const controller = new AbortController();
	const reason = () =>
		new DOMException(
			"The operation was aborted due to timeout",
			"TimeoutError",
		);
	start(work, () => controller.abort(reason()), ms, [], false);
	return controller.signal;
};

for (const level of ["log", "warn", "error"] as const) {
	const write = console[level].bind(console);
	console[level] = (...args: unknown[]) => {
		const isolate = current();
		if (!isolate || isolate.platform.noteConsole(isolate, args)) write(...args);
	};
}
