/** The faults of a run that may concern an event of an app, and the messages that queues accepted for it. */

import type { Note } from "../../../src/testing/platform/worker.ts";
import type { Ledger } from "../ledger.ts";
import { roleOf } from "../queues.ts";
import { eventOf } from "../subjects.ts";

const FAULTS = new Set([
	"crash_before",
	"crash_after",
	"refused",
	"lied",
	"halfway",
	"hung_before",
	"hung_after",
	"slow",
	"reset",
	"killed",
	"call lost",
	"storage_failed",
	"storage_broken",
	"alarm_lost",
	"alarm given up",
	"call failed",
	"down",
	"outage",
	"died",
	"clocks set",
]);

interface Fault {
	from: number;
	to: number;
	/** The name of what failed, then that of its caller. */
	places: readonly string[];
	subjects: readonly string[];
	isOfClocks: boolean;
	isOfAlarm: boolean;
}

/** A message that a queue of the role `events` accepted. */
export interface Taken {
	n: number;
	at: number;
	/** The isolate that sent it. */
	by: string;
}

export class AppFaults {
	readonly #faults: Fault[];
	readonly taken: readonly Taken[];

	constructor({ notes }: Ledger) {
		this.#faults = notes.filter(({ what }) => FAULTS.has(what)).map(faultOf);
		this.taken = notes
			.filter(
				({ what, where }) => what === "taken" && roleOf(where) === "events",
			)
			.flatMap(({ at, subjects, detail }) => {
				const { by } = detail as { by: string };
				return subjects.map((subject) => ({ n: eventOf(subject), at, by }));
			});
	}

	/** Counts the faults of the object of an event, and of the queues and clocks, between two times. */
	ofObject(name: string, from: number, to: number): number {
		return this.#count(from, to, (fault) => isOfObject(fault, name));
	}

	/** Returns when the last fault of an object between two times ended. A lost alarm never does. */
	lastOfObject(name: string, from: number, to: number): number {
		const ends = this.#faults
			.filter((fault) => fault.from <= to && fault.to >= from)
			.filter((fault) => isOfObject(fault, name))
			.map((fault) => (fault.isOfAlarm ? Infinity : fault.to));
		return Math.max(-Infinity, ...ends);
	}

	/** Whether a call may have left a reservation behind: its isolate died, or the object did not answer it. */
	mayReserve(name: string, from: number, to: number): boolean {
		const isAbout = ({ places: [where = ""] }: Fault) =>
			where.startsWith(objectOf(name)) || where.startsWith("worker");
		return this.#count(from, to, isAbout) > 0;
	}

	/** Whether a fault may have delayed a call of a webhook, or made one store its delivery again. */
	mayDisturb(name: string, n: number, from: number, to: number): boolean {
		const isAbout = ({ places, subjects }: Fault) =>
			subjects.some((subject) => eventOf(subject) === n) ||
			places.some((place) => /^(worker|post|POST)\b/.test(place));
		return (
			this.ofObject(name, from, to) > 0 || this.#count(from, to, isAbout) > 0
		);
	}

	#count(from: number, to: number, isAbout: (fault: Fault) => boolean): number {
		return this.#faults.filter(
			(fault) => fault.from <= to && fault.to >= from && isAbout(fault),
		).length;
	}
}

/** The name of the object that stores the subscriptions of an event. */
export function objectOf(name: string): string {
	return `Subscriptions/${name}`;
}

function isOfObject({ places, isOfClocks }: Fault, name: string): boolean {
	return (
		isOfClocks ||
		places.some(
			(place) =>
				place.startsWith(objectOf(name)) ||
				place === "Subscriptions" ||
				roleOf(place) === "events",
		)
	);
}

function faultOf({ at, what, where, subjects, detail }: Note): Fault {
	const { by = "", lasting = 0 } = Object(detail);
	return {
		from: at,
		to: at + lasting,
		subjects,
		// An outage names several queues.
		places: [where, by],
		isOfClocks: what === "clocks set",
		isOfAlarm: what === "alarm_lost" || what === "alarm given up",
	};
}
