/** Fault points: each await of a step asks here, before and after, and the one that is armed throws or has the runtime killed. */
import { env } from "cloudflare:workers";
import { AsyncLocalStorage } from "node:async_hooks";

export interface Armed {
	label: string;
	fault: "throw" | "kill";
}

/** What the script gives this Worker. */
export interface KillsEnv {
	/** Where the script listens. */
	LEDGER: string;
	/** `"on"` while one fault at a time is provoked. */
	POINTS: string;
}

const { LEDGER, POINTS } = env as unknown as KillsEnv;

/** Which step or object is at work, and how often it made each call: two calls of one name are two points. */
export interface Place {
	name: string;
	calls: Map<string, number>;
	/** What was begun and is not awaited: whoever is killed here is killed after it. */
	begun: Promise<unknown>[];
}

const current = new AsyncLocalStorage<Place>();

/** In order, without repetition. */
const seen = new Set<string>();

let armed: Armed | undefined;

export function arm(point: Armed): void {
	armed = point;
}

/** What was passed so far, and whether the armed point is still to come. */
export function passed(): { seen: string[]; armed: boolean } {
	return { seen: [...seen], armed: armed !== undefined };
}

export function placeOf(name: string): Place {
	return { name, calls: new Map(), begun: [] };
}

/** What is called in there is labelled with the place. */
export function inside<Result>(place: Place, run: () => Result): Result {
	return current.run(place, run);
}

/**
 * A call with a point on either side. A throw before it: not performed. A throw after it: performed, and
 * reported as failed.
 */
export async function faulty<Result>(
	call: string,
	perform: () => Promise<Result>,
): Promise<Result> {
	if (POINTS !== "on") return perform();
	const label = labelled(call);
	// Not even a microtask comes between a step and its call unless a fault does.
	const before = meet(`${label}:before`);
	if (before) await before;
	const result = await perform();
	await meet(`${label}:after`);
	return result;
}

/** @throws the fault; the promise is that of being killed */
function meet(label: string): Promise<void> | undefined {
	seen.add(label);
	if (armed?.label !== label) return undefined;
	const { fault } = armed;
	armed = undefined;
	if (fault === "throw") throw new Error(`fault at ${label}`);
	return killed();
}

/** As any request of an object's, it leaves when what was written before is durable. It has no answer. */
async function killed(): Promise<void> {
	await Promise.all(current.getStore()?.begun ?? []);
	await fetch(new URL("/kill", LEDGER), { method: "POST" });
}

/** An object that starts is at no place yet. */
function labelled(call: string): string {
	const { name, calls } = current.getStore() ?? placeOf("start");
	const count = (calls.get(call) ?? 0) + 1;
	calls.set(call, count);
	return `${name} > ${call}${count > 1 ? ` (${count})` : ""}`;
}
