/** Generates the text of an app's `src/app.generated.ts` from its folders. It writes no file. */
import { existsSync, readdirSync } from "node:fs";
import { posix } from "node:path";

const PARTS = ["start", "handler", "stop"];

/** The extensions of modules. */
export const MODULE = /\.(ts|tsx|mts|js|jsx|mjs)$/;
const EXCLUDED = /(\.(test|spec)\.\w+|\.d\.m?ts)$/;

/** An error of the caller. It is printed without a stack. */
export class UsageError extends Error {}

/**
 * Returns the text of `src/app.generated.ts`.
 *
 * @param folder of the app, with `src/events/` and `src/tools/`
 * @throws UsageError with the file, if a part of an event is missing
 */
export function appModuleText(folder: string, command: string): string {
	const imports: string[] = [];
	const imported = (file: string) => {
		const specifier = JSON.stringify(`./${file}`);
		imports.push(`import * as m${imports.length} from ${specifier};`);
		return `m${imports.length - 1}`;
	};
	const source = posix.join(folder, "src");
	const events = foldersIn(posix.join(source, "events")).map((event) => {
		const files = modulesIn(posix.join(source, "events", event));
		const parts = PARTS.map((part) => {
			const file = files.find((name) => stemOf(name) === part);
			if (file === undefined)
				throw new UsageError(
					`${posix.join(source, "events", event, part)}.ts is missing; each event needs start, handler and stop`,
				);
			return `${part}: ${imported(`events/${event}/${file}`)}`;
		});
		return `\t${keyOf(event)}: { ${parts.join(", ")} },\n`;
	});
	const files = modulesIn(posix.join(source, "tools"));
	checkUnique(files, posix.join(source, "tools"));
	const tools = files.map(
		(file) => `\t${keyOf(stemOf(file))}: ${imported(`tools/${file}`)},\n`,
	);
	if (imports.length === 0)
		throw new UsageError(
			`${source} has neither events/ nor tools/; run npx tidings generate --app <folder> with the folder of the app`,
		);
	return `${writtenBy(command)}
// Do not edit.
// biome-ignore-all format: generated
// biome-ignore-all assist: generated
/* eslint-disable */
// @ts-nocheck
${imports.join("\n")}

export const handlers = {
${events.join("")}};

export const tools = {
${tools.join("")}};
`;
}

/** The first line of a generated file. A folder's name may contain a line break, which would end the comment. */
export function writtenBy(command: string): string {
	return `// Written by: ${command.replaceAll(/[\r\n\u2028\u2029]/g, " ")}`;
}

/** As a plain key, `__proto__` would set the prototype. */
function keyOf(name: string): string {
	const text = JSON.stringify(name);
	return name === "__proto__" ? `[${text}]` : text;
}

function foldersIn(path: string): string[] {
	if (!existsSync(path)) return [];
	return readdirSync(path, { withFileTypes: true })
		.filter((entry) => entry.isDirectory())
		.map(({ name }) => name)
		.sort();
}

function modulesIn(path: string): string[] {
	if (!existsSync(path)) return [];
	return readdirSync(path, { withFileTypes: true })
		.filter((entry) => entry.isFile())
		.map(({ name }) => name)
		.filter(isOwnModule)
		.sort();
}

/** @throws UsageError for two files that differ only in their extension */
function checkUnique(files: string[], folder: string): void {
	const stems = files.map(stemOf);
	for (const [index, stem] of stems.entries()) {
		const first = stems.indexOf(stem);
		if (first === index) continue;
		const both = [first, index].map((one) => `${folder}/${files[one]}`);
		throw new UsageError(
			`${both.join(" and ")} are the same tool; delete one of them`,
		);
	}
}

/** Whether it is a module that is neither a test nor a declaration. */
export function isOwnModule(name: string): boolean {
	return MODULE.test(name) && !EXCLUDED.test(name);
}

function stemOf(file: string): string {
	return file.replace(MODULE, "");
}
