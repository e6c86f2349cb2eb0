/** Finds the owner's URL and an API key: options, then the environment, then `.dev.vars`. It sends nothing. */
import type { HttpTarget } from "../src/publish/http.ts";
import { DEV_VARS, wranglerVariables } from "./dev-vars.ts";
import { UsageError } from "./usage-error.ts";

/** The address of `wrangler dev`. */
export const LOCAL_URL = "http://localhost:8787";

export interface TargetOptions {
	url?: string;
	key?: string;
}

/** @throws UsageError without a key */
export function targetOf(
	options: TargetOptions,
	environment: NodeJS.ProcessEnv = process.env,
): HttpTarget {
	const { url = LOCAL_URL, key } = givenTarget(options, environment);
	if (key) return { url, key };
	throw new UsageError(
		`There is no API key for ${url}. Give --key, or set TIDINGS_KEY in the environment or in ${DEV_VARS}. For wrangler dev, npx tidings key --local creates one.`,
	);
}

/** What the person gave, without a default. */
export function givenTarget(
	options: TargetOptions,
	environment: NodeJS.ProcessEnv = process.env,
): TargetOptions {
	const { TIDINGS_URL, TIDINGS_KEY } = {
		...wranglerVariables("."),
		...environment,
	};
	const url = options.url ?? TIDINGS_URL;
	const key = options.key ?? TIDINGS_KEY;
	return { ...(url && { url }), ...(key && { key }) };
}
