/** Finds service bindings without their entry point, and entry points that the main module does not export. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import {
	codeOf,
	mainModuleOf,
	type Service,
	type WranglerConfig,
} from "../wrangler-config.ts";
import { type ConfigFinding, placeOf, remedyOf } from "./remedy.ts";

export function serviceFindings(
	config: WranglerConfig,
	isOwner: boolean,
): ConfigFinding[] {
	const services = config.services ?? [];
	// An owner publishes without a binding. Any other name is the user's own.
	const publishers = isOwner
		? []
		: services.filter(({ binding }) => binding === "EVENTS");
	return [
		...publishers.flatMap((service) =>
			entrypointFinding(service, "Publisher", config),
		),
		...subscribersOf(config).flatMap((binding): ConfigFinding[] => {
			const service = services.find((one) => one.binding === binding);
			if (service) return entrypointFinding(service, "Subscriber", config);
			const name = binding.toLowerCase().replaceAll("_", "-");
			return [
				{
					code: "service_missing",
					severity: "error",
					problem: `${placeOf(config, "services")}tidings.config.ts names the binding ${binding}, which is not in services: the Worker does not start`,
					...remedyOf(config, "Add to", "services", [
						{ binding, service: name, entrypoint: "Subscriber" },
					]),
				},
			];
		}),
		...exportFindings(config),
	];
}

function entrypointFinding(
	service: Service,
	entrypoint: "Publisher" | "Subscriber",
	config: WranglerConfig,
): ConfigFinding[] {
	if (service.entrypoint === entrypoint) return [];
	return [
		{
			code: "entrypoint_wrong",
			severity: "error",
			problem: `${placeOf(config, "services")}the service binding ${service.binding} has ${service.entrypoint === undefined ? "no entrypoint" : `the entrypoint ${service.entrypoint}`}, not ${entrypoint}: its calls fail`,
			...remedyOf(config, "Replace the service in", "services", [
				{ ...service, entrypoint },
			]),
		},
	];
}

/**
 * The bindings that `tidings.config.ts` names. It is read as text: the file is TypeScript, and importing it runs it.
 */
function subscribersOf({ file }: WranglerConfig): string[] {
	const path = join(dirname(file.path), "tidings.config.ts");
	if (!existsSync(path)) return [];
	return [...codeOf(path).matchAll(/\bbinding:\s*["'](\w+)["']/g)].map(
		([, binding = ""]) => binding,
	);
}

/** A call of `publisher` or `subscriber` is without effect if its result is not exported under its name. */
function exportFindings(config: WranglerConfig): ConfigFinding[] {
	const text = mainModuleOf(config);
	return ["Publisher", "Subscriber", "Operator"].flatMap(
		(name): ConfigFinding[] => {
			const create = name.toLowerCase();
			const isCalled = new RegExp(`\\b${create}\\(`).test(text);
			const isExported = new RegExp(
				`export\\s+(const|class|default class)\\s+${name}\\b|export\\s*\\{[^}]*\\b${name}\\b`,
			).test(text);
			if (!isCalled || isExported) return [];
			return [
				{
					code: "entrypoint_not_exported",
					severity: "error",
					problem: `${config.main} calls ${create}(), but does not export ${name}: Workers that bind it cannot call it`,
					remedy: `Write in ${config.main}:\nexport const ${name} = ${create}(events);`,
				},
			];
		},
	);
}
