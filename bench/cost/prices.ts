/** Cloudflare's list prices on the paid plan, after the included amounts, and others', as of November 2026. */
import type { Counts } from "./counts.ts";

/** USD per million. */
const PRICES: Record<keyof Counts, number> = {
	writes: 0.4,
	reads: 0.4,
	deletes: 0.4,
	objectRequests: 0.15,
	rowsRead: 0.001,
	rowsWritten: 1,
	httpRequests: 0.3,
	bindingCalls: 0,
};

/** What others ask for a million events, by their own price lists. */
export const OTHERS: readonly [product: string, usd: string][] = [
	["Amazon SQS", "up to 1.20"],
	["Amazon EventBridge", "1, plus Lambda"],
	["Cloudflare Workflows", "8.30 and more"],
	["Upstash QStash", "10"],
	["Trigger.dev", "25, plus compute"],
	["Inngest", "50 (overage)"],
	["Svix", "100"],
];

/** USD for a million events. CPU time and what is kept are not in it. */
export function dollarsPerMillion(counts: Counts, events: number): number {
	const names = Object.keys(PRICES) as (keyof Counts)[];
	const dollars = names.reduce(
		(sum, name) => sum + counts[name] * PRICES[name],
		0,
	);
	return dollars / events;
}
