/** Finds the owner's URL and an API key: options, then the environment, then `.dev.vars`. It sends nothing. */
import { existsSync, readFileSync } from "node:fs";
import type { HttpTarget } from "../src/publish/http.ts";
import { UsageError } from "./usage-error.ts";

const FILE = ".dev.vars";

/** The address of `wrangler dev`. */
const LOCAL_URL = "http://localhost:8787";

export interface TargetOptions {
	url?: string;
	key?: string;
}

/** @throws UsageError without a key */
export function targetOf(
	options: TargetOptions,
	environment: NodeJS.ProcessEnv = process.env,
): HttpTarget {
	const file = existsSync(FILE) ? variablesIn(readFileSync(FILE, "utf8")) : {};
	const { TIDINGS_URL, TIDINGS_KEY } = { ...file, ...environment };
	const url = options.url ?? TIDINGS_URL ?? LOCAL_URL;
	const key = options.key ?? TIDINGS_KEY;
	if (key) return { url, key };
	throw new UsageError(
		`There is no API key for ${url}. Give --key, or set TIDINGS_KEY in the environment or in ${FILE}.`,
	);
}

/** Reads lines `NAME=value`, with or without quotes. Other lines are ignored. */
export function variablesIn(text: string): Record<string, string> {
	const lines = text.matchAll(/^\s*([A-Z_][A-Z0-9_]*)\s*=\s*(.*?)\s*$/gm);
	return Object.fromEntries(
		[...lines].map(([, name, value = ""]) => [
			name,
			value.replace(/^(["'])(.*)\1$/, "$2"),
		]),
	);
}
