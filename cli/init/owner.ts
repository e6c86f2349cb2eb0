/** Plans the modules and the local key of the Worker that owns its events. */
import { variablesFile } from "../dev-vars.ts";
import { localKeyFor } from "../local-key.ts";
import { wrapEntry } from "./entry.ts";
import { type EntryFile, eventsModule } from "./entry-file.ts";
import { parseModule } from "./module.ts";
import { isWrapped } from "./own-handlers.ts";
import type { Project } from "./project.ts";
import { EVENTS, entryOf } from "./sources.ts";

/**
 * Returns what a person has to do or to know.
 *
 * @param cron one that was added to the user's own
 */
export function planOwner(
	project: Project,
	entry: EntryFile,
	cron: string | undefined,
): string[] {
	const { path, text } = entry;
	const isDone = text !== undefined && isWrapped(parseModule(path, text));
	const name = eventsModule(project, entry);
	const events = entry.specifierOf(name);
	const module = entry.pathOf(name);
	if (!isDone && !project.exists(module)) project.write(module, EVENTS);
	if (text === undefined) {
		project.write(path, entryOf(events));
		return [];
	}
	const wrapped = wrapEntry(path, text, { events, cron });
	project.write(path, wrapped.text);
	return isDone ? [] : [...wrapped.byHand, ...pathNote(path, text)];
}

/** A route of the user that Tidings would answer is no longer reached. */
function pathNote(path: string, text: string): string[] {
	const [found] = /["'`]\/(v1|health|hooks)\b/.exec(text) ?? [];
	if (found === undefined) return [];
	return [
		`${path} has the path ${found.slice(1)}: Tidings answers under /v1, /health and /hooks before your fetch does. If they are yours, move those of Tidings: worker(events, { prefix: "/tidings", … }).`,
	];
}

/** Appends a key for local development to the file that `wrangler dev` reads. Returns its path. */
export function planKey(
	project: Project,
	environment: string | undefined,
): string {
	const file = variablesFile(project.folder, environment);
	const text = project.read(file);
	const added = localKeyFor(file, text);
	if (added) project.write(file, text + added.lines);
	return file;
}
