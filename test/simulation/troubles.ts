/** How long each fault may delay an event, and which events it concerns. No other file excuses lateness. */

import type { RetryNote } from "../../src/testing/platform/batch.ts";
import type { Note } from "../../src/testing/platform/worker.ts";
import type { Entry, Ledger } from "./ledger.ts";
import { isAbout } from "./overstays.ts";
import { roleOf } from "./queues.ts";
import type { Scenario } from "./scenario.ts";
import { eventOf, shardOf } from "./subjects.ts";

/** Epoch milliseconds. */
export interface Trouble {
	from: number;
	to: number;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** A flush that failed is tried again after a minute at most, and its send may take 30 seconds. */
const BACKOFF = 2 * MINUTE;

/** The cron trigger sets a lost alarm. It runs every five minutes, and may fail too. */
const LOST_ALARM = 21 * MINUTE;

/** An invocation that waits for an answer ends after 15 minutes. */
const HUNG = 16 * MINUTE;

/** The wait of a redelivery after the death of a consumer, by the role of its queue. */
const REDELIVERY = {
	events: MINUTE,
	retries: 2 * MINUTE,
	"dead-letters": HOUR,
};

/** Waits for a handler that no deploy has take an hour at most, and the last one starts while two deploys run. */
const DEPLOY = HOUR + 10 * MINUTE;

/** A Worker that did not answer is asked again after a minute, and after as long as it has been silent. */
const SILENCE = 4 * MINUTE;

/** The longest pause while a Worker is silent. */
const PAUSE = HOUR + 5 * MINUTE;

export class Troubles {
	/** Troubles of everything. */
	readonly #all: Trouble[] = [];
	readonly #byEvent = new Map<number, Trouble[]>();
	/** By the name of an object, of a class, or of the Worker `post`. */
	readonly #byPlace = new Map<string, Trouble[]>();
	readonly #ledger: Ledger;
	/** The pause after a call of the Worker `post` that got no answer. After an outage it is the longest pause. */
	#silence = SILENCE;

	constructor(scenario: Scenario, ledger: Ledger) {
		this.#ledger = ledger;
		if (scenario.faults.length > 0)
			for (const note of ledger.notes) this.#record(note);
	}

	/** Returns the troubles that can delay a handler for an event. */
	of({ n, id, receipt, padding }: Entry, handler: string): Trouble[] {
		const places = [shardOf(String(id ?? receipt?.id)), "DeadLetters"];
		if (padding > 0) places.push("Payloads");
		if (handler.startsWith("post/")) places.push("post");
		return [
			...this.#all,
			...(this.#byEvent.get(n) ?? []),
			...places.flatMap((place) => this.#byPlace.get(place) ?? []),
			...this.#absences(handler),
		];
	}

	#record({ what, where, subjects, at, detail }: Note): void {
		const { by = "" } = (detail ?? {}) as { by?: string };
		const place = placeOf(where);
		const add = (lasting: number) => {
			const trouble = { from: at, to: at + lasting };
			for (const n of new Set(subjects.map(eventOf)))
				push(this.#byEvent, n, trouble);
			return trouble;
		};
		const isAsked = ["slow", "hung_before", "hung_after", "call failed"];
		if (place === "post" && isAsked.includes(what))
			push(this.#byPlace, place, add(this.#silence));
		switch (what) {
			case "slow":
				push(this.#byPlace, placeOf(by), add(MINUTE));
				break;
			case "hung_before":
			case "hung_after":
				push(this.#byPlace, placeOf(by), add(HUNG));
				break;
			case "call failed":
				push(this.#byPlace, placeOf(by), add(BACKOFF));
				break;
			case "retry": {
				const { attempts, failed } = detail as RetryNote;
				const wait = Math.min(5 * SECOND * 2 ** (attempts - 1), HOUR);
				if (isAbout(failed, subjects[0] ?? "")) add(wait + SECOND);
				break;
			}
			case "died":
				add(REDELIVERY[roleOf(where) ?? "events"] + SECOND);
				break;
			case "long batch": {
				// It occupies one of the few consumers of its queue.
				const { took } = detail as { took: number };
				this.#all.push({ from: at - took, to: at });
				break;
			}
			case "killed":
				push(this.#byPlace, place, { from: at, to: at + BACKOFF });
				break;
			case "alarm_lost":
			case "alarm given up":
			case "call lost":
			case "down":
			case "storage_failed":
			case "storage_broken":
				push(this.#byPlace, place, { from: at, to: at + LOST_ALARM });
				break;
			case "outage":
				this.#recordOutage(where, at, (detail as { lasting: number }).lasting);
		}
	}

	#recordOutage(of: string, from: number, lasting: number): void {
		const role = roleOf(of);
		if (role) this.#all.push({ from, to: from + lasting + BACKOFF });
		else if (of === "post") {
			push(this.#byPlace, of, { from, to: from + lasting + PAUSE });
			this.#silence = PAUSE;
		} else push(this.#byPlace, of, { from, to: from + lasting + LOST_ALARM });
	}

	/** Times at which a deploy lacks the handler. */
	#absences(handler: string): Trouble[] {
		const { deploys } = this.#ledger;
		return deploys.flatMap(({ at, version }, index) =>
			version.handlers.some(({ id }) => id === handler)
				? []
				: [{ from: at, to: (deploys[index + 1]?.at ?? Infinity) + DEPLOY }],
		);
	}
}

/** The name of an object or Worker without its instance and method; the class of a payload. */
function placeOf(where: string): string {
	const [name = ""] = where.split(/[ .]/, 1);
	return name.startsWith("Payloads") || name.startsWith("DeadLetters")
		? (name.split("/", 1)[0] as string)
		: name;
}

function push<Key>(map: Map<Key, Trouble[]>, key: Key, trouble: Trouble): void {
	const all = map.get(key);
	if (all) all.push(trouble);
	else map.set(key, [trouble]);
}
