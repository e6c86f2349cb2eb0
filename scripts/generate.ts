#!/usr/bin/env node
/** `npx tidings generate`: writes the one import through which every module of handlers is registered. */
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
import { appModuleText, isOwnModule, MODULE, Refusal } from "./app-modules.ts";

const OUT = "src/handlers.generated.ts";
const DIRECTORIES = ["src/handlers", "src/subscribers"];

const HELP = `Writes a module that imports every module of handlers, so that those which call events.on register, and
that makes handlers known which are named by their path. Import it in the main module.

  npx tidings generate [--out ${OUT}] [directory or file ...]
  npx tidings generate --app [folder]    an app's src/events/ and src/tools/, into its src/app.generated.ts
  npx tidings generate --check ...    fail when the file is not as it would be written
  npx tidings generate --help

Without directories it takes ${DIRECTORIES.join(" and ")}, those that exist. Paths count from where it runs, the
root of the project. Tests (*.test.ts, *.spec.ts), declarations (*.d.ts) and what it writes itself are left out.`;

try {
	const { values, positionals } = readArguments();
	const [command, ...sources] = positionals;
	if (values.help) console.log(HELP);
	else if (command !== "generate") throw new Refusal(HELP);
	else if (values.app) generateApp(sources, values.check);
	else generate(sources, normal(values.out), values.check);
} catch (error) {
	if (!(error instanceof Refusal)) throw error;
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
		throw new Refusal(`${(error as Error).message}\n\n${HELP}`);
	}
}

function generate(sources: string[], out: string, check: boolean): void {
	if (!MODULE.test(out))
		throw new Refusal(`--out ${out}: give a file that ends in .ts or .js`);
	const paths = modulesOf(sources).filter((path) => path !== out);
	const command = commandFor(sources, out);
	write(out, moduleText(paths, out, command), command, check);
	if (check) return;
	const count = paths.length === 1 ? "1 module" : `${paths.length} modules`;
	console.log(`${out} imports ${count}.`);
}

function generateApp([folder = ".", ...more]: string[], check: boolean): void {
	if (more.length > 0)
		throw new Refusal("--app takes one folder, that of one app");
	const path = normal(folder);
	const out = posix.join(path, "src/app.generated.ts");
	const command = ["npx tidings generate --app", path].join(" ").trim();
	write(out, appModuleText(path, command), command, check);
	if (!check) console.log(`${out} gathers the modules of the app.`);
}

function write(
	out: string,
	text: string,
	command: string,
	check: boolean,
): void {
	// Git may have checked it out with other ends of lines.
	const before = existsSync(out)
		? readFileSync(out, "utf8").replaceAll("\r\n", "\n")
		: undefined;
	if (check) {
		if (before === text) return;
		const is = before === undefined ? "is not there" : "is stale";
		throw new Refusal(`${out} ${is}: run ${command}`);
	}
	if (before !== text) {
		mkdirSync(dirname(out), { recursive: true });
		writeFileSync(out, text);
	}
}

/** In the order of their paths, whatever the order in which they were given or found. */
function modulesOf(sources: string[]): string[] {
	const found = (sources.length > 0 ? sources : defaults()).flatMap(modulesIn);
	return [...new Set(found)].sort();
}

function defaults(): string[] {
	const existing = DIRECTORIES.filter((path) => existsSync(path));
	if (existing.length > 0) return existing;
	throw new Refusal(
		`Neither ${DIRECTORIES.join(" nor ")} is here: run it at the root of the project, or name the directories of your handlers`,
	);
}

function modulesIn(source: string): string[] {
	if (!existsSync(source))
		throw new Refusal(
			`${source} is not here: paths count from ${process.cwd()}`,
		);
	if (statSync(source).isDirectory())
		return readdirSync(source, { recursive: true, withFileTypes: true })
			.filter((entry) => entry.isFile() && isOwnModule(entry.name))
			.map((entry) => normal(join(entry.parentPath, entry.name)))
			.filter((path) => !path.split("/").includes("node_modules"));
	if (!isOwnModule(source))
		throw new Refusal(
			`${source} is no module of handlers: those end in .ts, .tsx, .mts, .js, .jsx or .mjs, and not in .test.ts, .spec.ts or .d.ts`,
		);
	return [normal(source)];
}

/** From the root, with slashes, on any system. */
function normal(path: string): string {
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
	return `// Written by: ${command}
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
