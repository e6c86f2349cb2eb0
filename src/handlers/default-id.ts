/** The id of a handler that is registered without one. It must survive deploys, so it is never a position. */
import { log } from "../platform/log.ts";
import { exportPathOf } from "./modules.ts";

/** A function that a user wrote. */
interface UserFunction {
	name: string;
	toString(): string;
}

/**
 * Names that say nothing about the handler: words that fit every handler, and the short names of a minifier. Functions
 * without a name match, too.
 */
const GENERIC =
	/^(anonymous|callback|cb|consumer?|default|event|execute|fn|func(tion)?|handler?|inner|listener|main|on|process|run|subscriber|wrap(ped|per)?|with|[\d_$])*$|^[\w$]{1,2}$/i;

/**
 * Identifies a user's function across deploys: by its name, else by its file and export, else by a generic name or a hash
 * of its source.
 *
 * @param exported what the file exports, if that is a wrapper of the function
 */
export function sourceOf(run: UserFunction, exported: unknown = run): string {
	if (!GENERIC.test(run.name)) return run.name;
	return exportPathOf(exported) ?? (run.name || hashOf(run.toString()));
}

/** Functions with a name of their own, by name and source. Two of them were returned by one higher-order function. */
const named = new Map<
	string,
	{ run: UserFunction | undefined; ids: string[] }
>();

/**
 * Logs each id that another function may get in a later deploy, and with it the waiting retries and dead letters of this
 * one.
 *
 * @param id contains the source of `run`
 * @param hint how to give the handler an id
 */
export function warnOfSharedId(
	id: string,
	hint: string,
	run: UserFunction,
	exported: unknown = run,
): void {
	let ids = [id];
	if (!GENERIC.test(run.name)) {
		const text = `${run.name} ${run}`;
		const known = named.get(text) ?? { run, ids: [] };
		named.set(text, known);
		known.ids.push(id);
		if (known.run === run) return;
		// From now on, each of them is logged. The first one was not known to share its name.
		known.run = undefined;
		ids = known.ids.splice(0);
	} else if (exportPathOf(exported) !== undefined) return;
	for (const handler of ids) log("handler_id_unstable", { handler, hint });
}

/** FNV-1a, 32 bits (Fowler, Noll, Vo), over UTF-16 code units: equal in every Worker and after every deploy. */
function hashOf(text: string): string {
	let hash = 0x811c9dc5;
	for (let i = 0; i < text.length; i++)
		hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
	return (hash >>> 0).toString(16).padStart(8, "0");
}
