/** List prices of November 2026: Cloudflare's paid plan after the included amounts, and other products. */
import type { Counts } from "./counts.ts";

/** USD per million. */
export const PRICES: Record<keyof Counts, number> = {
	writes: 0.4,
	reads: 0.4,
	deletes: 0.4,
	objectRequests: 0.15,
	rowsRead: 0.001,
	rowsWritten: 1,
	httpRequests: 0.3,
	bindingCalls: 0,
};

/** Prices of other products for a million events, from their price lists. */
export const OTHERS: readonly [product: string, usd: string][] = [
	["Amazon SQS", "up to 1.20"],
	["Amazon EventBridge", "1, plus Lambda"],
	["Cloudflare Workflows", "8.30 and more"],
	["Upstash QStash", "10"],
	["Trigger.dev", "25, plus compute"],
	["Inngest", "50 (overage)"],
	["Svix", "100"],
];

/** USD for a million events, without CPU time and storage. */
export function dollarsPerMillion(counts: Counts, events: number): number {
	const names = Object.keys(PRICES) as (keyof Counts)[];
	const dollars = names.reduce(
		(sum, name) => sum + counts[name] * PRICES[name],
		0,
	);
	return dollars / events;
}
