/** The main module of a project, which may not exist yet, and where modules next to it are. */
import { dirname, extname, join } from "node:path";
import { exportedNames, parseModule } from "./module.ts";
import type { Project } from "./project.ts";

/** Where `init` looks for a main module that no configuration names. */
const USUAL = [
	"src/index.ts",
	"src/index.tsx",
	"src/index.js",
	"src/worker.ts",
	"src/worker.js",
	"index.ts",
	"index.js",
] as const;

export function usualMain(project: Project): string {
	return USUAL.find((path) => project.exists(path)) ?? USUAL[0];
}

export interface EntryFile {
	path: string;
	isTypeScript: boolean;
	/** Undefined for a new module. */
	text: string | undefined;
	/** The path of a module next to it. */
	pathOf(name: string): string;
	/** How it imports that module. */
	specifierOf(name: string): string;
}

export function entryFileOf(project: Project, main: string): EntryFile {
	const path = join(main);
	const text = project.exists(path) ? project.read(path) : undefined;
	const isTypeScript = extname(main).includes("ts");
	const extension = isTypeScript ? ".ts" : ".js";
	return {
		path,
		isTypeScript,
		text,
		pathOf: (name) => join(dirname(path), name + extension),
		specifierOf: (name) => `./${name}${ending()}`,
	};

	/** As other imports of the module have it. A new project permits the extension of TypeScript. */
	function ending(): string {
		if (!isTypeScript) return extension;
		const [, own] = /from\s+["']\.[^"']*(\.[jt]s)["']/.exec(text ?? "") ?? [];
		const isPermitted = text === undefined && !project.exists("tsconfig.json");
		return own ?? (isPermitted ? extension : "");
	}
}

/**
 * Finds or chooses the module that exports the events: the first of these names that is free, or has them already.
 */
export function eventsModule(project: Project, entry: EntryFile): string {
	const hasEvents = (name: string) => {
		const path = entry.pathOf(name);
		if (!project.exists(path)) return true;
		const text = project.read(path);
		return (
			text.includes("createEvents") &&
			exportedNames(parseModule(path, text)).includes("events")
		);
	};
	return ["events", "tidings-events"].find(hasEvents) ?? "tidings-own-events";
}
