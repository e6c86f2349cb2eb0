/** The modules of one app, as its folders have them, and the text of the import that gathers them. */
import { existsSync, readdirSync } from "node:fs";
import { posix } from "node:path";

const PARTS = ["start", "handler", "stop"];

/** A module, as far as its name tells. */
export const MODULE = /\.(ts|tsx|mts|js|jsx|mjs)$/;
const LEFT_OUT = /(\.(test|spec)\.\w+|\.d\.m?ts)$/;

/** Said to whoever called, without a stack. */
export class Refusal extends Error {}

/**
 * The text of `src/app.generated.ts`.
 *
 * @param folder the app's, in which `src/events/` and `src/tools/` lie
 * @throws Refusal that names the file where a part of an event is missing
 */
export function appModuleText(folder: string, command: string): string {
	const imports: string[] = [];
	const imported = (file: string) => {
		imports.push(`import * as m${imports.length} from "./${file}";`);
		return `m${imports.length - 1}`;
	};
	const source = posix.join(folder, "src");
	const events = foldersIn(posix.join(source, "events")).map((event) => {
		const files = modulesIn(posix.join(source, "events", event));
		const parts = PARTS.map((part) => {
			const file = files.find((name) => stemOf(name) === part);
			if (file === undefined)
				throw new Refusal(
					`${posix.join(source, "events", event, part)}.ts is missing: each event has start, handler and stop`,
				);
			return `${part}: ${imported(`events/${event}/${file}`)}`;
		});
		return `\t${JSON.stringify(event)}: { ${parts.join(", ")} },\n`;
	});
	const files = modulesIn(posix.join(source, "tools"));
	checkTwice(files, posix.join(source, "tools"));
	const tools = files.map(
		(file) =>
			`\t${JSON.stringify(stemOf(file))}: ${imported(`tools/${file}`)},\n`,
	);
	if (imports.length === 0)
		throw new Refusal(
			`${source} has neither events/ nor tools/: name the folder of the app, npx tidings generate --app <folder>`,
		);
	return `// Written by: ${command}
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

/** @throws Refusal for two files that differ in their ending alone */
function checkTwice(files: string[], folder: string): void {
	const stems = files.map(stemOf);
	for (const [index, stem] of stems.entries()) {
		const first = stems.indexOf(stem);
		if (first === index) continue;
		const both = [first, index].map((at) => `${folder}/${files[at]}`);
		throw new Refusal(`${both.join(" and ")} are one tool: keep one of them`);
	}
}

/** Neither a test nor a declaration. */
export function isOwnModule(name: string): boolean {
	return MODULE.test(name) && !LEFT_OUT.test(name);
}

function stemOf(file: string): string {
	return file.replace(MODULE, "");
}
