/** The canaries of a run of the selftest: their names, how many there are, and the times of a run. Pure. */
import { isSelftestName, SELFTEST } from "../event/name.ts";

/**
 * - `immediate`: published one after the other
 * - `batched`: published in one call
 * - `large`: its body does not fit in a message
 * - `lane`: one for each lane
 * - `scheduled`: due two seconds later
 * - `retried`: its first attempt fails
 * - `dead`: it fails for good
 * - `replayed`: it fails, and its dead letter is replayed
 * - `cancelled`: scheduled, and cancelled before it is due
 * - `worker`: one for each bound Worker, which it calls
 */
export const CANARIES = [
	"immediate",
	"batched",
	"large",
	"lane",
	"scheduled",
	"retried",
	"dead",
	"replayed",
	"cancelled",
	"worker",
] as const;

export type CanaryName = (typeof CANARIES)[number];

/** The name of a canary's event. */
export function canaryEvent(name: CanaryName): string {
	return SELFTEST + name;
}

/** Returns undefined for the name of any other event. */
export function canaryOf(event: string): CanaryName | undefined {
	return CANARIES.find((name) => canaryEvent(name) === event);
}

/** The event that replays and discards the dead letters of a run, as a person would. */
export const OPERATOR = `${SELFTEST}operator`;

/** The event that removes what a run has left, after the run. */
export const CLEANUP = `${SELFTEST}cleanup`;

/** Canaries of a run. A percentile needs several. */
export const COUNTS = { immediate: 20, batched: 30, scheduled: 10 } as const;

/** A run ends after this time, in milliseconds. A canary that arrives later is dropped. */
export const RUN_TIME = 5 * 60_000;

/** Whether a canary arrives after its run. Its result is not needed any more, and it could leave a dead letter. */
export function isLate(
	{ name, time, delay }: { name: string; time: number; delay: number },
	now: number,
): boolean {
	return (
		isSelftestName(name) && name !== CLEANUP && now > time + delay + RUN_TIME
	);
}

/** The tag of a run's events, by which its entries and dead letters are found. */
export function tagsOf(run: string): { selftest: string } {
	return { selftest: run };
}

/** The name of a lane or a Worker as a tag, which has at most 64 characters. */
export function tagValue(name: string): string {
	return name.slice(0, 64);
}
