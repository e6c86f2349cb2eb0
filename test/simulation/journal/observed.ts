/** The transitions of a run, with the work that reported each. The journal may show nothing else. */
import type { Transition } from "tidings";
import type { Step } from "../../../src/journal/entry.ts";
import type { Work } from "../../../src/testing/platform/isolate.ts";
import { eventOf, subjectsOf } from "../subjects.ts";

export interface Observation {
	/** Simulated time, epoch milliseconds. */
	at: number;
	transition: Transition;
	work: Work | undefined;
	key: string;
}

export class Observed {
	readonly all: Observation[] = [];
	readonly #counts = new Map<string, number>();

	add(transition: Transition, work: Work | undefined, at: number): void {
		const { id, event: _, ...step } = transition;
		const key = keyOf(id, step);
		this.all.push({ at, transition, work, key });
		this.#counts.set(key, this.count(key) + 1);
	}

	/** The ids of the events with a number. */
	idsOf(n: number): string[] {
		const ids = this.all.flatMap(({ transition: { id } }) =>
			eventOf(subjectsOf(id)[0] ?? "-1") === n ? [id] : [],
		);
		return [...new Set(ids)];
	}

	/** How often a step of an event was reported. */
	count(key: string): number {
		return this.#counts.get(key) ?? 0;
	}
}

/** Identifies a step of an event, with all of its members. */
export function keyOf(id: string, step: Step): string {
	return `${id} ${JSON.stringify(step)}`;
}
