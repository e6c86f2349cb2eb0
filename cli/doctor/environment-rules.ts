/**
 * Finds what an environment should state itself: wrangler lets it inherit neither variables nor queues nor services. It
 * also finds queues that two environments share.
 */
import {
	configOf,
	type Section,
	type WranglerConfig,
	type WranglerFile,
} from "../wrangler-config.ts";
import { type ConfigFinding, remedyOf } from "./remedy.ts";

/**
 * Returns the findings, and the configuration as it will be after their remedies: other rules would only repeat what is
 * missing.
 */
export function inherit(config: WranglerConfig): {
	findings: ConfigFinding[];
	config: WranglerConfig;
} {
	const { environment, own, file } = config;
	if (environment === undefined) return { findings: [], config };
	const renamed = renaming(file.top, environment);
	const findings: ConfigFinding[] = [];
	let inherited = config;
	const add = <Key extends "vars" | "queues" | "services">(
		key: Key,
		what: string,
		value: NonNullable<Section[Key]>,
	) => {
		findings.push({
			code: "not_inherited",
			severity: "error",
			problem: `env.${environment} does not inherit ${what} from the top of the file`,
			...remedyOf(
				config,
				`Add, with a queue and a Worker of its own for ${environment}, to`,
				key,
				value,
			),
		});
		inherited = { ...inherited, [key]: value };
	};
	const variable = file.top.vars?.TIDINGS_QUEUES;
	if (variable !== undefined && own.vars?.TIDINGS_QUEUES === undefined)
		add("vars", "vars.TIDINGS_QUEUES", {
			...own.vars,
			TIDINGS_QUEUES: renamed(variable),
		});
	if (file.top.queues && !own.queues)
		add("queues", "queues", renamed(file.top.queues));
	if (file.top.services && !own.services)
		add(
			"services",
			"services",
			file.top.services.map((service) => ({
				...service,
				service: `${service.service}-${environment}`,
			})),
		);
	return { findings, config: inherited };
}

/** Returns a function that copies a value with the name of each queue changed for an environment. */
function renaming({ queues }: Section, environment: string) {
	const names = new Set([
		...(queues?.producers ?? []).map(({ queue }) => queue),
		...(queues?.consumers ?? []).map(({ queue }) => queue),
	]);
	return <Value>(value: Value): Value =>
		JSON.parse(JSON.stringify(value), (_, part) =>
			names.has(part) ? `${part}-${environment}` : part,
		);
}

/** A queue has one consumer Worker: a second one cannot be deployed, or handles the events of the first. */
export function sharedQueueFindings(file: WranglerFile): ConfigFinding[] {
	const users = new Map<string, string[]>();
	for (const environment of [undefined, ...Object.keys(file.environments)])
		for (const { queue } of configOf(file, environment).queues?.consumers ?? [])
			users.set(queue, [...(users.get(queue) ?? []), environment ?? "the top"]);
	return [...users].flatMap(([queue, by]): ConfigFinding[] =>
		by.length < 2
			? []
			: [
					{
						code: "queue_shared",
						severity: "error",
						problem: `the queue ${queue} has a consumer in ${by.join(" and ")}: a queue has one consumer Worker`,
						remedy: `Give each environment a queue of its own, and name it in its TIDINGS_QUEUES, such as ${queue}-${by.at(-1)}.`,
					},
				],
	);
}
