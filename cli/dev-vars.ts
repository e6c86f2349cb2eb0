/** Reads the files with variables and secrets of local development. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

export const DEV_VARS = ".dev.vars";

/** Reads the variables of a file; none if it does not exist. */
function variablesOf(path: string): Record<string, string> {
	return existsSync(path) ? variablesIn(readFileSync(path, "utf8")) : {};
}

/**
 * The file in a folder that `wrangler dev` reads: `.dev.vars`, that of the environment instead if it exists, or `.env`
 * without both. Without any, `.dev.vars`.
 */
export function variablesFile(folder: string, environment?: string): string {
	const names = [`${DEV_VARS}.${environment}`, DEV_VARS, ".env"];
	return names.find((name) => existsSync(join(folder, name))) ?? DEV_VARS;
}

/** Reads the variables that `wrangler dev` would read in a folder. */
export function wranglerVariables(
	folder: string,
	environment?: string,
): Record<string, string> {
	return variablesOf(join(folder, variablesFile(folder, environment)));
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
