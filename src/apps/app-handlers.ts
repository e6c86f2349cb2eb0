/** Turns the modules of an app into handlers: the parts of each event's lifecycle, and the tools. It runs none. */
import type { Duration } from "../event/duration.ts";
import { type Handler, timeoutOf } from "../handlers/handler.ts";
import type { ToolBody } from "./app-event-body.ts";
import type { AppHost } from "./app-host.ts";
import { capabilitiesOf } from "./capabilities.ts";
import type { AppDeclaration, AppEvent } from "./declaration.ts";
import { partId, toolId } from "./delivery-ids.ts";
import { type TriggerBody, triggerFrom } from "./webhooks/trigger.ts";

// biome-ignore lint/suspicious/noExplicitAny: an app's functions have types of their own
type AppFunction = (...args: any[]) => unknown;

/** A module of an app. Its default export runs. */
export interface AppModule {
	default: AppFunction;
	/** The time of an attempt. Default 5 seconds, at most 60. */
	timeout?: Duration;
}

const PARTS = ["start", "handler", "stop"] as const;

/** @throws TypeError with the file that is missing or has no function */
export function eventHandlers(
	app: AppDeclaration,
	event: string,
	modules: Partial<Record<(typeof PARTS)[number], AppModule>> = {},
): Handler[] {
	const { capabilities } = app.events[event] as AppEvent;
	const where = `${event}'s "capabilities" in events.json`;
	return PARTS.map((part) => {
		const file = `src/events/${event}/${part}.ts`;
		const module = modules[part];
		const run = functionOf(app.name, file, module);
		return {
			...handlerOptions(partId(app.name, event, part), app.name, file, module),
			patterns: [],
			run({ body }, _, host) {
				const trigger = body as TriggerBody;
				const given = capabilitiesOf(app, capabilities, where, {
					host: host as AppHost | undefined,
					webhookUrl: trigger.webhookUrl,
				});
				return part === "handler"
					? run(triggerFrom(trigger), given)
					: run(given);
			},
		};
	});
}

/** @throws TypeError with the file that is missing or has no function */
export function toolHandler(
	app: AppDeclaration,
	tool: string,
	module: AppModule,
): Handler {
	const file = `src/tools/${tool}.ts`;
	const run = functionOf(app.name, file, module);
	const where = `the "capabilities" of createApp(${JSON.stringify(app.name)})`;
	return {
		...handlerOptions(toolId(app.name, tool), app.name, file, module),
		patterns: [],
		run({ body }, _, host) {
			const { input, subscription } = body as ToolBody;
			const given = capabilitiesOf(app, app.capabilities, where, {
				host: host as AppHost | undefined,
				...(subscription && { subscription }),
			});
			return run(input, given);
		},
	};
}

function handlerOptions(
	id: string,
	app: string,
	file: string,
	module: AppModule | undefined,
): Pick<Handler, "id" | "timeout"> {
	const timeout = module?.timeout;
	if (timeout === undefined) return { id };
	try {
		return { id, timeout: timeoutOf(timeout) };
	} catch (error) {
		throw new TypeError(`${app}: ${file}: ${(error as Error).message}`);
	}
}

function functionOf(
	app: string,
	file: string,
	module: AppModule | undefined,
): AppFunction {
	if (module === undefined)
		throw new TypeError(
			`${app}: ${file} is missing; write it, run npx tidings generate --app, and give createApp the exports of the generated file`,
		);
	if (typeof module.default === "function") return module.default;
	throw new TypeError(
		`${app}: ${file} has no function as its default export; add one`,
	);
}
