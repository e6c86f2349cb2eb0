/**
 * The platform's rate limiters, one binding for each kind of caller. A limiter answers only yes or no, so the variable
 * `TIDINGS_RATE_LIMITS` repeats its limit and period. It counts nothing itself.
 */
import * as z from "zod";
import { show } from "../event/validation.ts";
import { parseOrThrow } from "../event/zod-errors.ts";
import { binding } from "./environment.ts";

const KINDS = ["address", "key", "user", "webhook"] as const;

export type RateLimitKind = (typeof KINDS)[number];

const LimitSchema = z.strictObject({
	/** Requests in one period. */
	limit: z.int().min(1),
	/** Seconds. */
	period: z.custom<10 | 60>((period) => period === 10 || period === 60, {
		error: ({ input }) => `${show(input)} is not a period; use 10 or 60`,
	}),
});

const LimitsSchema = z.strictObject({
	address: LimitSchema.optional(),
	key: LimitSchema.optional(),
	user: LimitSchema.optional(),
	webhook: LimitSchema.optional(),
} satisfies Record<RateLimitKind, z.ZodType>);

const NONE = {};

let parsed:
	| { from: unknown; limits: z.output<typeof LimitsSchema> }
	| undefined;

function limitsInVar(): z.output<typeof LimitsSchema> {
	const from = binding("TIDINGS_RATE_LIMITS") ?? NONE;
	if (!parsed || parsed.from !== from)
		parsed = {
			from,
			limits: parseOrThrow(LimitsSchema, from, "TIDINGS_RATE_LIMITS"),
		};
	return parsed.limits;
}

function bindingName(kind: RateLimitKind): string {
	return `${kind.toUpperCase()}_RATE_LIMIT`;
}

/** @throws TypeError if the variable is invalid, or names other limiters than those that are bound */
export function checkRateLimits(): void {
	const limits = limitsInVar();
	for (const kind of KINDS) {
		const isBound = binding(bindingName(kind)) !== undefined;
		if (isBound !== (limits[kind] !== undefined))
			throw new TypeError(
				isBound
					? `TIDINGS_RATE_LIMITS: ${kind}: required, because ${bindingName(kind)} is bound; give its { limit, period }`
					: `TIDINGS_RATE_LIMITS: ${kind}: ${bindingName(kind)} is not bound; add it to [[ratelimits]]`,
			);
	}
}

/** Returns the limiter of a kind, or undefined if it is not bound. */
export function rateLimit(kind: RateLimitKind) {
	const limits = limitsInVar()[kind];
	const limiter = limits && binding<RateLimit>(bindingName(kind));
	return limiter && { limiter, ...limits };
}
