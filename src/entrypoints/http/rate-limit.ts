/** Limits the rate of requests of each address, API key, user and webhook, where the platform's limiters are bound. */
import { log } from "../../platform/log.ts";
import { type RateLimitKind, rateLimit } from "../../platform/rate-limits.ts";
import type { Caller } from "./keys.ts";
import { HttpError } from "./problem.ts";

/** A request without an address is not from outside of the platform. */
export async function limitAddress({ headers }: Request): Promise<void> {
	const address = headers.get("cf-connecting-ip");
	if (address !== null) await limitRate("address", networkOf(address));
}

/** Attempts to sign in count apart, against the limit of a user, which is lower than that of an address. */
export async function limitSignIn({ headers }: Request): Promise<void> {
	const address = headers.get("cf-connecting-ip");
	if (address !== null)
		await limitRate("user", `sign-in ${networkOf(address)}`);
}

export async function limitCaller({ id, user }: Caller): Promise<void> {
	await (user ? limitRate("user", user.id) : limitRate("key", id));
}

/** @throws HttpError `rate_limited`. A limiter that fails limits nothing */
export async function limitRate(
	kind: RateLimitKind,
	key: string,
): Promise<void> {
	const found = rateLimit(kind);
	if (!found) return;
	const { limiter, limit, period } = found;
	try {
		if ((await limiter.limit({ key })).success) return;
	} catch (error) {
		log("rate_limit_failed", { kind, error });
		return;
	}
	throw new HttpError(
		"rate_limited",
		`more than ${limit} requests in ${period} seconds for one ${kind}; wait ${period} seconds`,
		{
			"retry-after": String(period),
			"ratelimit-policy": `"${kind}";q=${limit};w=${period}`,
		},
	);
}

/** One machine has a whole network of IPv6 addresses, 64 bits long. */
function networkOf(address: string): string {
	if (!address.includes(":")) return address;
	const [before = "", after] = address.split("::");
	const groups = before.split(":");
	const missing = after === undefined ? 0 : 8 - groups.length;
	return [...groups, ...Array(missing).fill("0")].slice(0, 4).join(":");
}
