/** The promised limits, waits and patterns, written again. The laws must not import them from the code under test. */
import type { RetryOptions } from "tidings";

/** Attempts past a policy's limit that crashes may cost before the delivery is buried as crashed. */
export const SPARE_TRIES = 20;

/** Retries of a queue's message, and how many of them a delivery's policy may use. */
export const QUEUE_RETRIES = 100;
export const CHAIN = 90;

/** Longest wait of a delivery in its queue after its send, in milliseconds. It waits longer in the scheduler. */
export const QUEUE_WAIT = 12 * 3_600_000;

/** Wait after an attempt that crashed its Worker, in milliseconds. */
export const CRASH_WAIT = 120_000;

/** Timeout of an attempt, in milliseconds. */
export const TIMEOUT = 5_000;

const UNITS: Record<string, number> = {
	second: 1_000,
	minute: 60_000,
	hour: 3_600_000,
};

/** Parses a duration of a policy, such as `"20 minutes"`, to milliseconds. */
function ms(duration: unknown): number {
	const [number, unit] = String(duration).split(" ") as [string, string];
	return Number(number) * (UNITS[unit.replace(/s$/, "")] as number);
}

export function limitOf({ limit, maxAge }: RetryOptions): number {
	return limit ?? (maxAge === undefined ? 10 : Infinity);
}

export function maxAgeOf({ maxAge }: RetryOptions): number {
	return maxAge === undefined ? Infinity : ms(maxAge);
}

/** The shortest and the longest wait after an attempt, in milliseconds. */
export function waitsAfter(
	attempt: number,
	{ backoff = "exponential", base = "5 seconds" }: RetryOptions,
): { shortest: number; longest: number } {
	if (typeof backoff === "object") {
		const wait = ms(backoff[Math.min(attempt, backoff.length) - 1]);
		return { shortest: wait, longest: wait };
	}
	const grown = {
		exponential: 2 ** (attempt - 1),
		linear: attempt,
		constant: 1,
	}[backoff];
	const most = Math.max(ms("1 hour"), ms(base));
	const longest = Math.min(most, ms(base) * grown);
	const jitter = backoff === "exponential" ? 0.75 : 1;
	return { shortest: longest * jitter, longest };
}

/** Whether a pattern matches a name: `*` is one segment, `**` any number of them. */
export function isFor(pattern: string, name: string): boolean {
	const parts = pattern.split(".").map((segment) => {
		if (segment === "**") return "(?:[^.]+\\.)*";
		return segment === "*" ? "[^.]+\\." : `${segment}\\.`;
	});
	return new RegExp(`^${parts.join("")}$`).test(`${name}.`);
}
