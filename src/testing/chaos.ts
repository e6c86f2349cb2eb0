/** The option `chaos`: which faults of the platform occur during a test, and how often. */
import { rejectUnknownKeys } from "../event/validation.ts";
import type { Rates } from "./platform/strike.ts";

export interface Chaos {
	/** Determines which faults occur. Try several. Default: the `seed` of the test. */
	seed?: number;
	/** Every message is delivered at least twice, as after a lost acknowledgement. */
	duplicates?: boolean;
	/** Messages arrive in random order, in batches of random sizes, and calls take up to 15 ms. */
	reorder?: boolean;
	/** In one call of 20, the Worker crashes before or after it. Its batch is redelivered after a minute. */
	crashes?: boolean;
	/** In one call of 10, a queue or an object fails. In a third of these cases it has performed the call. */
	outages?: boolean;
}

const RATES = {
	duplicates: { duplicated: 1 },
	reorder: {},
	crashes: { crash_before: 0.025, crash_after: 0.025, reset: 0.02 },
	outages: { refused: 0.06, lied: 0.03, halfway: 0.03, slow: 0.02 },
} as const satisfies Record<string, Rates>;

type Kind = keyof typeof RATES;

const KINDS = Object.keys(RATES) as Kind[];

/** @throws RefusedError for an unknown key */
export function ratesOf(chaos: Chaos = {}): Rates {
	rejectUnknownKeys("createTestEvents: chaos", chaos, ["seed", ...KINDS]);
	return Object.assign(
		{},
		...KINDS.filter((kind) => chaos[kind]).map((kind) => RATES[kind]),
	);
}
