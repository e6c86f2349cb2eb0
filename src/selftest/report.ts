/**
 * Reports on a run of the selftest, from the journal alone: any isolate can, also after a deploy. It changes nothing.
 */
import { timeOf } from "../event/id.ts";
import { CLOCK_SKEW } from "../event/limits.ts";
import { SELFTEST } from "../event/name.ts";
import type { Entry } from "../journal/entry.ts";
import { type EventLife, lifeOf } from "../journal/life.ts";
import { readEntries } from "../journal/read.ts";
import type { Ports } from "../ports.ts";
import {
	CANARIES,
	type CanaryName,
	COUNTS,
	canaryOf,
	RUN_TIME,
	tagsOf,
	tagValue,
} from "./canary.ts";
import { type Figures, figuresOf } from "./figures.ts";
import { attemptsIn, isMade, judge } from "./judge.ts";

type State = "running" | "passed" | "failed";

/** The canaries of one kind; of one lane or one Worker. */
interface CanaryReport {
	name: CanaryName;
	lane?: string;
	worker?: string;
	/** `passed` if all have ended as they should, `failed` if one has not. */
	state: State;
	/** How many were published. */
	count: number;
	/** How many have ended as they should. */
	passed: number;
	/** How often their handlers ran. A duplicate counts, too. */
	attempts: number;
	/** Why one has failed, or what is missing; absent if all have passed. */
	reason?: string;
	/** The id of the event that the reason is about; absent if the journal has nothing of it. */
	event?: string;
}

/** A run. Durations are in milliseconds. */
export interface SelftestReport {
	run: string;
	/** Epoch milliseconds. */
	startedAt: number;
	/** `running` until each canary has passed or failed. After five minutes, a canary that is missing has failed. */
	state: State;
	canaries: CanaryReport[];
	/** From the publish of an event to its first attempt. */
	delivery: Figures;
	/** From the due time of a scheduled event to its first attempt. */
	lateness: Figures;
}

/**
 * @returns null if the journal has nothing of this run.
 *
 * @throws RefusedError `not_configured` without a journal; UnavailableError
 */
export async function readSelftest(
	run: string,
	ports: Pick<Ports, "journal" | "clock" | "queues" | "workers">,
): Promise<SelftestReport | null> {
	const startedAt = timeOf(run);
	if (startedAt === undefined) return null;
	const since = startedAt - CLOCK_SKEW;
	const until = startedAt + RUN_TIME + 2 * CLOCK_SKEW;
	const filter = { name: `${SELFTEST}**`, since, until };
	const { entries } = await readEntries(filter, ports);
	const lives = livesIn(entries, run);
	if (lives.length === 0) return null;
	const lanes = ports.queues.lanes();
	const workers = ports.workers.all.flatMap(({ key }) => key || []);
	return reportOn(run, startedAt, lives, { lanes, workers }, ports.clock());
}

/** What a caller does with an event is an entry without its tags, so the entries of an event are put together first. */
function livesIn(entries: readonly Entry[], run: string): EventLife[] {
	return [...Map.groupBy(entries, ({ id }) => id).values()].flatMap((own) => {
		const tags = own.find((entry) => entry.tags)?.tags;
		if (tags?.selftest !== tagsOf(run).selftest) return [];
		return { ...lifeOf(own), tags };
	});
}

/** @param expected the lanes and the keys of the Workers that have canaries */
export function reportOn(
	run: string,
	startedAt: number,
	lives: readonly EventLife[],
	expected: { lanes: readonly string[]; workers: readonly string[] },
	now: number,
): SelftestReport {
	const isOver = now > startedAt + RUN_TIME;
	const of = (name: CanaryName) =>
		lives.filter((life) => canaryOf(life.name) === name);
	const canaries = CANARIES.flatMap((name): CanaryReport[] => {
		const own = of(name);
		if (name !== "lane" && name !== "worker") {
			const count = name in COUNTS ? COUNTS[name as keyof typeof COUNTS] : 1;
			return [{ name, ...sumOf(name, own, count, isOver, now) }];
		}
		return expected[`${name}s`].map((key) => {
			const tagged = own.filter(({ tags }) => tags?.[name] === tagValue(key));
			const sum = sumOf(name, tagged, 1, isOver, now);
			return { name, [name]: key, ...sum };
		});
	});
	const delivered = (
		["immediate", "batched", "large", "lane"] as const
	).flatMap(of);
	return {
		run,
		startedAt,
		state: worstOf(canaries),
		canaries,
		delivery: figuresOf(
			delivered.flatMap((life) => delayFrom(life.time, life)),
		),
		lateness: figuresOf(
			of("scheduled").flatMap((life) =>
				delayFrom(life.dueAt ?? life.time, life),
			),
		),
	};
}

/**
 * @param count how many were published
 * @param isOver whether the run has ended: what arrives later is dropped
 */
function sumOf(
	name: CanaryName,
	lives: readonly EventLife[],
	count: number,
	isOver: boolean,
	now: number,
): Omit<CanaryReport, "name"> {
	const missing = Array(Math.max(0, count - lives.length)).fill(undefined);
	const all = [...lives, ...missing].map((life: EventLife | undefined) => ({
		life,
		...judge(name, life, now),
	}));
	const wrong =
		all.find(({ state }) => state === "failed") ??
		all.find(({ state }) => state === "running");
	const { state = "passed" } = wrong ?? {};
	return {
		state: state === "running" && isOver ? "failed" : state,
		count,
		passed: all.filter((one) => one.state === "passed").length,
		attempts: lives.flatMap(attemptsIn).filter(isMade).length,
		...(wrong && "reason" in wrong && { reason: wrong.reason }),
		...(wrong?.life && { event: wrong.life.id }),
	};
}

function worstOf(canaries: readonly CanaryReport[]): State {
	const states = canaries.map(({ state }) => state);
	if (states.includes("running")) return "running";
	return states.includes("failed") ? "failed" : "passed";
}

function delayFrom(time: number, life: EventLife): number[] {
	const startedAt = attemptsIn(life).find(isMade)?.startedAt;
	return startedAt === undefined ? [] : [Math.max(0, startedAt - time)];
}
