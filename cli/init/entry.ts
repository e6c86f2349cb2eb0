/** Wraps the default export of a main module by inserting text. Where that is not safe, it says what to write. */
import { OPTIONAL_OBJECTS, REQUIRED_OBJECTS } from "../../src/doctor/needs.ts";
import { UsageError } from "../usage-error.ts";
import {
	changed,
	declaredNames,
	exportedNames,
	type Program,
	parseModule,
	withImports,
	withLinesAtEnd,
} from "./module.ts";
import { isWrapped, type OwnHandlers, ownHandlers } from "./own-handlers.ts";
import { guardScheduled } from "./scheduled.ts";

export interface Entry {
	text: string;
	/** What a person has to do. */
	byHand: string[];
}

interface Wrapping {
	/** The specifier of the module with the events. */
	events: string;
	/** A cron that was added to the user's own. */
	cron: string | undefined;
}

const OBJECTS = [...REQUIRED_OBJECTS, ...Object.keys(OPTIONAL_OBJECTS)];

/**
 * Makes the default export a `worker()`, and exports the objects.
 *
 * @throws UsageError if the module cannot be parsed, or exports a name that Tidings needs
 */
export function wrapEntry(
	path: string,
	text: string,
	{ events, cron }: Wrapping,
): Entry {
	const program = parseModule(path, text);
	const hasObjects = /["']tidings\/objects["']/.test(text);
	if (!hasObjects) checkExports(path, program);
	const objects = hasObjects ? [] : ['export * from "tidings/objects";'];
	if (isWrapped(program))
		return { text: changed(text, [withLinesAtEnd(text, objects)]), byHand: [] };

	const taken = declaredNames(program);
	const names = {
		dashboard: freeName("dashboard", taken),
		selftest: freeName("selftest", taken),
		worker: freeName("worker", taken),
		events: freeName("events", taken),
	};
	const imports = [
		`import { ${names.dashboard.imported} } from "tidings/dashboard";`,
		`import { ${names.selftest.imported} } from "tidings/selftest";`,
		`import { ${names.worker.imported} } from "tidings/worker";`,
		`import { ${names.events.imported} } from ${JSON.stringify(events)};`,
	];
	const exportOf = (fields: string) =>
		`export default ${names.worker.local}(${names.events.local}, { ${fields}dashboard: ${names.dashboard.local}(), selftest: ${names.selftest.local}() });`;

	const own = ownHandlers(program, taken);
	const guarded = guardScheduled(text, own, cron);
	const byHand = guarded.byHand === undefined ? [] : [guarded.byHand];
	if (own === "unknown") {
		const lines = [...imports, exportOf("fetch: …, "), ...objects];
		const intro = `${path}: the default export cannot be wrapped. Give its fetch, queue, scheduled and email to worker():`;
		return { text, byHand: [[intro, ...lines].join("\n"), ...byHand] };
	}
	const exported = exportOf(own.fields && `${own.fields}, `);
	const all = [
		withImports(text, program, imports),
		...exportChanges(text, own, exported, objects),
		...guarded.changes,
	];
	return { text: changed(text, all), byHand };
}

/** Exports the handlers of this Worker, for its owner. */
export function exportSubscriber(
	path: string,
	text: string,
	events: string,
): Entry {
	const program = parseModule(path, text);
	if (exportedNames(program).includes("Subscriber"))
		return { text, byHand: [] };
	const taken = declaredNames(program);
	const own = freeName("events", taken);
	const create = freeName("subscriber", taken);
	const imports = [
		`import { ${create.imported} } from "tidings/worker";`,
		`import { ${own.imported} } from ${JSON.stringify(events)};`,
	];
	const line = `export const Subscriber = ${create.local}(${own.local});`;
	const all = [
		withImports(text, program, imports),
		withLinesAtEnd(text, ["", line]),
	];
	return { text: changed(text, all), byHand: [] };
}

function exportChanges(
	text: string,
	{ replaced, declaration }: OwnHandlers,
	exported: string,
	objects: readonly string[],
) {
	if (replaced && declaration === undefined)
		return [{ ...replaced, text: exported }, withLinesAtEnd(text, objects)];
	return [
		...(replaced ? [{ ...replaced, text: declaration ?? "" }] : []),
		withLinesAtEnd(text, ["", exported, ...objects]),
	];
}

/** A name that the module declares is imported under another one. */
function freeName(name: string, taken: ReadonlySet<string>) {
	if (!taken.has(name)) return { local: name, imported: name };
	const local = `tidings${name.replace(/^./, (first) => first.toUpperCase())}`;
	return { local, imported: `${name} as ${local}` };
}

/** An own export hides that of `export *`: the object of Tidings would be missing. */
function checkExports(path: string, program: Program): void {
	const clash = exportedNames(program).filter((name) => OBJECTS.includes(name));
	if (clash.length > 0)
		throw new UsageError(
			`${path} exports ${clash.join(", ")}: Tidings has an object of this name. Rename yours (in migrations: renamed_classes), and run the command again.`,
		);
}
