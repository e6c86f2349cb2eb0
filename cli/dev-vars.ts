/** Reads the files with variables and secrets of local development. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

export const DEV_VARS = ".dev.vars";

/** Reads the variables of a file; none if it does not exist. */
export function variablesOf(path: string): Record<string, string> {
	return existsSync(path) ? variablesIn(readFileSync(path, "utf8")) : {};
}

/**
 * Reads the variables that `wrangler dev` would read in a folder: `.dev.vars`, that of the environment instead if it
 * exists, or `.env` without both.
 */
export function wranglerVariables(
	folder: string,
	environment?: string,
): Record<string, string> {
	const names = [`${DEV_VARS}.${environment}`, DEV_VARS, ".env"];
	const paths = names.map((name) => join(folder, name));
	return variablesOf(paths.find((path) => existsSync(path)) ?? DEV_VARS);
}

/** Reads `NAME=value`, with or without quotes, which may span lines. Other lines are ignored. */
export function variablesIn(text: string): Record<string, string> {
	const lines = text.matchAll(
		/^\s*([A-Z_][A-Z0-9_]*)\s*=\s*('[^']*'|"[^"]*"|.*?)\s*$/gm,
	);
	return Object.fromEntries(
		[...lines].map(([, name, value = ""]) => [
			name,
			value.replace(/^(["'])(.*)\1$/s, "$2"),
		]),
	);
}
