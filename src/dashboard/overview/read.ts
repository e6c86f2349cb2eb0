/** Reads what the overview shows: rates, health, and groups of dead letters. A part that cannot be read says why. */
import type { Settings } from "../../config/settings.ts";
import { type Groups, groupDeadLetters } from "../../dead-letters/groups.ts";
import { isOurs } from "../../event/errors.ts";
import { type Health, measureHealth } from "../../health/health.ts";
import { type Metrics, readMetrics } from "../../journal/metrics.ts";
import { queueNames } from "../../platform/bindings.ts";
import { currentVersion } from "../../platform/environment.ts";
import type { Ports } from "../../ports.ts";

/** Each range of the charts, as a filter, by its name in the URL. */
export const RANGES = { hour: "1h", day: "1d", week: "7d" } as const;

export type Range = keyof typeof RANGES;

/** A part of a page, or why it cannot be read. */
export type Part<Data> = { data: Data } | { wrong: string };

/** `until` and the exact `since` change with every query, so they are left out. */
export type Rates = Omit<Metrics, "since" | "until" | "missed">;

/** What costs most to read. Live updates read it every 30 seconds. */
interface Standing {
	health: Health;
	groups: Part<Groups>;
	/** When it was read, in epoch milliseconds. */
	readAt: number;
}

export interface Overview {
	rates: Part<Rates>;
	standing: Standing;
}

/** How long live updates show the same `standing`, in milliseconds. */
const STANDING_TTL = 30_000;

let cached: Standing | undefined;

/** @param isLive for a live update, which may show a `standing` that is up to 30 seconds old */
export async function readOverview(
	range: Range,
	isLive: boolean,
	ports: Ports,
	settings: Settings,
): Promise<Overview> {
	const now = ports.clock();
	const known =
		isLive && cached && now - cached.readAt < STANDING_TTL ? cached : undefined;
	const [rates, standing] = await Promise.all([
		ratesOf(range, ports),
		known ?? readStanding(now, ports, settings),
	]);
	cached = standing;
	return { rates, standing };
}

async function readStanding(
	readAt: number,
	ports: Ports,
	{ retention }: Settings,
): Promise<Standing> {
	const names = queueNames().map(({ name }) => name);
	const [health, groups] = await Promise.all([
		measureHealth(names, retention.queues, ports),
		part(() => groupDeadLetters({}, ports, 1)),
	]);
	return { health, groups, readAt };
}

export async function ratesOf(
	range: Range,
	ports: Pick<Ports, "journal" | "clock">,
): Promise<Part<Rates>> {
	return part(async () => {
		const metrics = await readMetrics(`since:${RANGES[range]}`, ports);
		const { since, until: _, missed: __, ...rates } = metrics;
		return { ...rates, deploys: begunIn(since, rates.deploys) };
	});
}

/**
 * The first version of a time has usually begun before it, unless it is the version that runs now and its own time of
 * creation says otherwise.
 */
function begunIn(since: number, deploys: Metrics["deploys"]) {
	const version = currentVersion();
	const [first, ...others] = deploys;
	const isNew =
		first && first.id === version?.id && Date.parse(version.timestamp) >= since;
	return isNew ? [first, ...others] : others;
}

async function part<Data>(read: () => Promise<Data>): Promise<Part<Data>> {
	try {
		return { data: await read() };
	} catch (error) {
		if (isOurs(error)) return { wrong: (error as Error).message };
		throw error;
	}
}
