/**
 * What this isolate's objects are told. An object is made by the platform, not by `createEvents`, so
 * `worker(events)` hands over here when the module loads what objects need of it.
 */
import { DEFAULT_SETTINGS } from "../contract/config.ts";
import type { Observe } from "../contract/transition.ts";

interface Told {
	observe: Observe;
	/** How long a letter is kept after its last failure, in milliseconds. */
	lettersKept: number;
}

let current: Told = {
	observe: () => {},
	lettersKept: DEFAULT_SETTINGS.retention.deadLetters,
};

export function tellObjects(what: Told): void {
	current = what;
}

export function told(): Told {
	return current;
}
