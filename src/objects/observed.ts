/**
 * The observer of this isolate's objects. An object is made by the platform, not by `createEvents`, so
 * `worker(events)` hands the observer over here when the module loads.
 */
import type { Observe } from "../contract/transition.ts";

let current: Observe = () => {};

export function observeObjects(observe: Observe): void {
	current = observe;
}

export const observed: Observe = (transition) => current(transition);
