/** Shifts the clock of a Worker's own handlers. Its Durable Objects still have the real time. */
// @ts-expect-error The types of Node are not loaded for Workers; the flag nodejs_als provides the module.
import { AsyncLocalStorage as Storage } from "node:async_hooks";

interface AsyncLocalStorage<Value> {
	run<Result>(value: Value, act: () => Result): Result;
	getStore(): Value | undefined;
}

const offset: AsyncLocalStorage<number> = new Storage();
const realNow = Date.now;
let current = 0;

Date.now = () => realNow() + (offset.getStore() ?? 0);

/** @param ms the difference to the real time, for later invocations */
export function shiftClock(ms: number): void {
	current = ms;
}

/** Runs an invocation of the Worker with the shifted clock. A call of a Durable Object begins a context of its own. */
export function withShiftedClock<Result>(act: () => Result): Result {
	return offset.run(current, act);
}
