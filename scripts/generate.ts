#!/usr/bin/env node
/** `npx tidings generate`: writes a module that imports every handler module. It runs no handler. */
import {
	existsSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	statSync,
	writeFileSync,
} from "node:fs";
import { dirname, join, posix, relative, sep } from "node:path";
import { parseArgs } from "node:util";
import {
	appModuleText,
	isOwnModule,
	MODULE,
	UsageError,
	writtenBy,
} from "./app-modules.ts";

const OUT = "src/handlers.generated.ts";
const DIRECTORIES = ["src/handlers", "src/subscribers"];

const HELP = `Writes a module that imports every handler module. Import it in the main module: handlers that call events.on
are then registered, and handlers that a configuration names by path are found.

  npx tidings generate [--out ${OUT}] [directory or file ...]
  npx tidings generate --app [folder]    import an app's src/events/ and src/tools/ in its src/app.generated.ts
  npx tidings generate --check ...    fail if the file is missing or stale
  npx tidings generate --help

The default directories are ${DIRECTORIES.join(" and ")}, if they exist. Paths are relative to the current directory,
which must be the root of the project. Tests (*.test.ts, *.spec.ts), declarations (*.d.ts) and the generated file are
excluded.`;

try {
	const { values, positionals } = readArguments();
	const [command, ...sources] = positionals;
	if (values.help) console.log(HELP);
	else if (command !== "generate") throw new UsageError(HELP);
	else if (values.app) generateApp(sources, values.check);
	else generate(sources, normalize(values.out), values.check);
} catch (error) {
	if (!(error instanceof UsageError)) throw error;
	console.error(error.message);
	process.exitCode = 1;
}

function readArguments() {
	try {
		return parseArgs({
			allowPositionals: true,
			options: {
				app: { type: "boolean", default: false },
				check: { type: "boolean", default: false },
				help: { type: "boolean", short: "h" },
				out: { type: "string", default: OUT },
			},
		});
	} catch (error) {
		throw new UsageError(`${(error as Error).message}\n\n${HELP}`);
	}
}

function generate(sources: string[], out: string, check: boolean): void {
	if (!MODULE.test(out))
		throw new UsageError(
			`--out: ${out} is not a module; use a file that ends in .ts or .js`,
		);
	const paths = modulesOf(sources).filter((path) => path !== out);
	const command = commandFor(sources, out);
	write(out, moduleText(paths, out, command), command, check);
	if (check) return;
	const count = paths.length === 1 ? "1 module" : `${paths.length} modules`;
	console.log(`${out} imports ${count}.`);
}

function generateApp([folder = ".", ...more]: string[], check: boolean): void {
	if (more.length > 0)
		throw new UsageError(
			`--app: ${[folder, ...more].join(", ")} are several folders; give the folder of one app`,
		);
	const path = normalize(folder);
	const out = posix.join(path, "src/app.generated.ts");
	const command = ["npx tidings generate --app", path].join(" ").trim();
	write(out, appModuleText(path, command), command, check);
	if (!check) console.log(`${out} imports the modules of the app.`);
}

function write(
	out: string,
	text: string,
	command: string,
	check: boolean,
): void {
	// Git may have checked it out with CRLF.
	const before = existsSync(out)
		? readFileSync(out, "utf8").replaceAll("\r\n", "\n")
		: undefined;
	if (check) {
		if (before === text) return;
		const is = before === undefined ? "is missing" : "is stale";
		throw new UsageError(`${out} ${is}; run ${command}`);
	}
	if (before !== text) {
		mkdirSync(dirname(out), { recursive: true });
		writeFileSync(out, text);
	}
}

/** Sorts by path, so that the result does not depend on the order of the arguments. */
function modulesOf(sources: string[]): string[] {
	const found = (sources.length > 0 ? sources : defaults()).flatMap(modulesIn);
	return [...new Set(found)].sort();
}

function defaults(): string[] {
	const existing = DIRECTORIES.filter((path) => existsSync(path));
	if (existing.length > 0) return existing;
	throw new UsageError(
		`neither ${DIRECTORIES.join(" nor ")} exists; run it at the root of the project, or name the directories of your handlers`,
	);
}

function modulesIn(source: string): string[] {
	if (!existsSync(source))
		throw new UsageError(
			`${source} does not exist in ${process.cwd()}; create it and write your handlers there, or use a path relative to this directory`,
		);
	if (statSync(source).isDirectory())
		return readdirSync(source, { recursive: true, withFileTypes: true })
			.filter((entry) => entry.isFile() && isOwnModule(entry.name))
			.map((entry) => normalize(join(entry.parentPath, entry.name)))
			.filter((path) => !path.split("/").includes("node_modules"));
	if (!isOwnModule(source))
		throw new UsageError(
			`${source} is not a handler module; use a .ts, .tsx, .mts, .js, .jsx or .mjs file that is neither a test nor a declaration`,
		);
	return [normalize(source)];
}

/** Returns a path relative to the root, with slashes on any system. */
function normalize(path: string): string {
	return relative("", path).split(sep).join("/");
}

function commandFor(sources: string[], out: string): string {
	const words = [...(out === OUT ? [] : ["--out", out]), ...sources];
	return ["npx tidings generate", ...words].join(" ");
}

function moduleText(paths: string[], out: string, command: string): string {
	const imports = paths.map((path, index) => {
		const target = posix.relative(posix.dirname(out), path);
		const specifier = target.startsWith(".") ? target : `./${target}`;
		return `import * as m${index} from ${JSON.stringify(specifier)};`;
	});
	const entries = paths.map(
		(path, index) => `\t${JSON.stringify(path)}: m${index},`,
	);
	return `${writtenBy(command)}
// Do not edit: the order of these imports is the order in which handlers run.
// biome-ignore-all format: generated
// biome-ignore-all assist: generated
/* eslint-disable */
// @ts-nocheck
import { handlerModules } from "tidings";
${imports.map((line) => `${line}\n`).join("")}
handlerModules({
${entries.map((line) => `${line}\n`).join("")}});
`;
}
