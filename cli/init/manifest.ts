/** Adds dependencies and scripts to `package.json`, if it lacks them. It installs nothing. */
import { basename } from "node:path";
import { parse } from "jsonc-parser";
import { own } from "../requirements.ts";
import { editConfig } from "./edit-config.ts";
import type { Project } from "./project.ts";

const MANIFEST = "package.json";

interface Manifest {
	name?: string;
	dependencies?: Record<string, string>;
	devDependencies?: Record<string, string>;
	scripts?: Record<string, string>;
}

function manifestOf(project: Project): Manifest {
	return Object(parse(project.read(MANIFEST)));
}

/** A name that a Worker may have: that of the package, or of the folder. */
export function workerName(project: Project): string {
	const { name = basename(project.folder) } = manifestOf(project);
	const bare = name.toLowerCase().replace(/^@[^/]*\//, "");
	return bare.replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "") || "my-app";
}

/**
 * @param libraries names of libraries that the written modules import
 * @param isNew whether the project has no configuration yet, and needs the tools, too
 */
export function addToManifest(
	project: Project,
	libraries: readonly string[],
	isNew: boolean,
): void {
	const before = manifestOf(project);
	const has = { ...before.devDependencies, ...before.dependencies };
	const missing = (names: readonly string[]) =>
		names.filter((name) => has[name] === undefined);
	const versions: Record<string, string> = {
		...own.dependencies,
		...own.devDependencies,
		tidings: `^${own.version}`,
	};
	const listed = (names: readonly string[]) =>
		Object.fromEntries(missing(names).map((name) => [name, versions[name]]));
	const scripts = Object.entries({
		dev: "tidings dev",
		deploy: "wrangler deploy",
		...(isNew && { types: "wrangler types && tsc" }),
	}).filter(([name]) => before.scripts?.[name] === undefined);
	const tools = isNew ? ["typescript", "wrangler"] : ["wrangler"];
	const text = project.exists(MANIFEST)
		? project.read(MANIFEST)
		: '{\n\t"private": true,\n\t"type": "module"\n}\n';
	const change = {
		scripts: Object.fromEntries(scripts),
		dependencies: listed(libraries),
		devDependencies: listed(tools),
		// npm warns about other scripts of packages at their installation.
		...(isNew && { allowScripts: { esbuild: true, workerd: true } }),
	};
	const filled = Object.entries(change).filter(
		([, value]) => Object.keys(value).length > 0,
	);
	project.write(
		MANIFEST,
		editConfig(MANIFEST, text, Object.fromEntries(filled)),
	);
}

/** A script of the user is not changed. It is named once: before the project depends on this package. */
export function scriptNotes(project: Project): string[] {
	const { scripts = {}, dependencies = {} } = manifestOf(project);
	const commands = Object.entries(scripts).flatMap(([name, command]) =>
		/\bwrangler dev\b/.test(command)
			? `npm pkg set "scripts.${name}=${command.replace("wrangler dev", "tidings dev")}"`
			: [],
	);
	return dependencies.tidings !== undefined || commands.length === 0
		? []
		: [
				`Your scripts run wrangler dev, which shows no events. To see what happens to each, run:\n${commands.join("\n")}`,
			];
}

/** The command that installs what was added, of the project's package manager. */
export function installCommand(project: Project): string {
	const [, command = "npm install"] =
		(
			[
				["pnpm-lock.yaml", "pnpm install"],
				["yarn.lock", "yarn install"],
				["bun.lock", "bun install"],
			] as const
		).find(([file]) => project.exists(file)) ?? [];
	return command;
}
