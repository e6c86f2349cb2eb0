/** Fault points before and after each await of a step. The armed point throws, or makes the script kill the runtime. */
import { env } from "cloudflare:workers";
import { AsyncLocalStorage } from "node:async_hooks";

export interface Armed {
	label: string;
	fault: "throw" | "kill";
}

/** The bindings that the script sets. */
export interface KillsEnv {
	/** URL of the ledger. */
	LEDGER: string;
	/** `"on"` if single faults are provoked. */
	POINTS: string;
}

const { LEDGER, POINTS } = env as unknown as KillsEnv;

/** A running step or object, and the number of its calls by name: two calls of one name are two points. */
export interface Place {
	name: string;
	calls: Map<string, number>;
	/** Calls that are not awaited. A kill waits for them. */
	begun: Promise<unknown>[];
}

const current = new AsyncLocalStorage<Place>();

/** Labels of all passed points, in order, each once. */
const seen = new Set<string>();

let armed: Armed | undefined;

export function arm(point: Armed): void {
	armed = point;
}

/** The passed points, and whether a point is still armed. */
export function passed(): { seen: string[]; armed: boolean } {
	return { seen: [...seen], armed: armed !== undefined };
}

export function placeOf(name: string): Place {
	return { name, calls: new Map(), begun: [] };
}

/** Labels the calls of `run` with the place. */
export function inside<Result>(place: Place, run: () => Result): Result {
	return current.run(place, run);
}

/** Makes a call with a point before it (the call is not performed) and after it (performed, but reported as failed). */
export async function faulty<Result>(
	call: string,
	perform: () => Promise<Result>,
): Promise<Result> {
	if (POINTS !== "on") return perform();
	const label = labelled(call);
	// Without a fault, not even a microtask may separate a step from its call.
	const before = meet(`${label}:before`);
	if (before) await before;
	const result = await perform();
	await meet(`${label}:after`);
	return result;
}

/** @throws the fault. A returned promise resolves never: the runtime is killed. */
function meet(label: string): Promise<void> | undefined {
	seen.add(label);
	if (armed?.label !== label) return undefined;
	const { fault } = armed;
	armed = undefined;
	if (fault === "throw") throw new Error(`fault at ${label}`);
	return killed();
}

/** Asks to be killed. Like any request of an object, it is sent after all earlier writes are durable. */
async function killed(): Promise<void> {
	await Promise.all(current.getStore()?.begun ?? []);
	await fetch(new URL("/kill", LEDGER), { method: "POST" });
}

/** An object that starts has no place yet. */
function labelled(call: string): string {
	const { name, calls } = current.getStore() ?? placeOf("start");
	const count = (calls.get(call) ?? 0) + 1;
	calls.set(call, count);
	return `${name} > ${call}${count > 1 ? ` (${count})` : ""}`;
}
