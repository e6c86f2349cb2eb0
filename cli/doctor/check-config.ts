/** Checks a wrangler configuration with all rules: its top, and its environments or one of them. It asks no Worker. */
import { dirname } from "node:path";
import { DEV_VARS, wranglerVariables } from "../dev-vars.ts";
import { keysIn } from "../key-file.ts";
import { WRANGLER_UPDATE, wranglerFault, wranglerIn } from "../requirements.ts";
import {
	configOf,
	mainModuleOf,
	type Section,
	type WranglerConfig,
	type WranglerFile,
} from "../wrangler-config.ts";
import { inherit, sharedQueueFindings } from "./environment-rules.ts";
import { objectFindings } from "./object-rules.ts";
import { queueFindings } from "./queue-rules.ts";
import type { ConfigFinding } from "./remedy.ts";
import { serviceFindings } from "./service-rules.ts";
import { generalFindings, ownerFindings } from "./setting-rules.ts";

/**
 * @param environment the only one to check; empty for the top of the file. Default: the top and all
 * @throws UsageError for an unknown environment
 */
export function checkConfig(
	file: WranglerFile,
	environment?: string,
): ConfigFinding[] {
	// As wrangler's --env "".
	const top = environment === "" ? undefined : environment;
	const checked =
		environment === undefined
			? [undefined, ...Object.keys(file.environments)]
			: [top];
	const isOwner = ownsEvents(file);
	const found = [
		...checked.flatMap((name) => configFindings(configOf(file, name), isOwner)),
		...(environment === undefined ? sharedQueueFindings(file) : []),
		...(isOwner ? secretFindings(configOf(file, top)) : []),
		...(isOwner ? wranglerFindings(dirname(file.path)) : []),
	];
	// An environment repeats what it inherits.
	const seen = new Set<string>();
	return found.filter((finding) => {
		const text = JSON.stringify(finding);
		return !seen.has(text) && seen.add(text);
	});
}

/** Everything that the file lacks, for the top or one environment. */
export function configFindings(
	given: WranglerConfig,
	isOwner: boolean,
): ConfigFinding[] {
	const { findings, config } = inherit(given);
	return [
		...findings,
		...(isOwner
			? [
					...queueFindings(config),
					...objectFindings(config),
					...ownerFindings(config),
				]
			: []),
		...serviceFindings(config, isOwner),
		...generalFindings(config),
	];
}

/** Whether anything in the file, or its main module, shows that this Worker owns events. Others need none of it. */
function ownsEvents(file: WranglerFile): boolean {
	const sections = [file.top, ...Object.values(file.environments)];
	return sections.some(isOfOwner) || callsWorker(mainModuleOf(configOf(file)));
}

function isOfOwner({ vars, queues }: Section): boolean {
	return (
		vars?.TIDINGS_QUEUES !== undefined ||
		(queues?.producers ?? []).some(({ binding }) => binding === "EVENTS_QUEUE")
	);
}

function callsWorker(text: string): boolean {
	return text.includes("tidings/worker") && /\bworker\s*[<(]/.test(text);
}

function wranglerFindings(folder: string): ConfigFinding[] {
	const installed = wranglerIn(folder);
	const problem = installed && wranglerFault(installed);
	if (problem === undefined) return [];
	return [
		{
			code: "wrangler_old",
			severity: "error",
			problem,
			remedy: `Update it in ${folder}:\n${WRANGLER_UPDATE}`,
		},
	];
}

function secretFindings(config: WranglerConfig): ConfigFinding[] {
	const isBound = (config.secrets_store_secrets ?? []).some(
		({ binding }) => binding === "API_KEYS",
	);
	if (isBound) return [];
	const folder = dirname(config.file.path);
	const { API_KEYS } = wranglerVariables(folder, config.environment);
	if (API_KEYS === undefined)
		return [
			{
				code: "api_keys_missing",
				severity: "warning",
				problem: `${DEV_VARS} does not set API_KEYS: wrangler dev answers every API request with 401`,
				remedy: `Create a key in ${folder}:\nnpx tidings key --local`,
			},
		];
	if (keysIn(API_KEYS)) return [];
	return [
		{
			code: "api_keys_invalid",
			severity: "error",
			problem: `API_KEYS in ${DEV_VARS} is not a JSON array of keys: wrangler dev answers every API request with 401`,
			remedy: `Delete its line, and create a key in ${folder}:\nnpx tidings key --local`,
		},
	];
}
