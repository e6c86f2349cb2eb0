/**
 * `createApp()`: what an app declares and the code that it brings, and the handlers that this comes to. It runs
 * none of it and asks nobody.
 */

import type { Duration } from "../event/duration.ts";
import { rejectUnknownKeys } from "../event/validation.ts";
import { type Handler, timeoutOf } from "../handlers/handler.ts";
import {
	type AppHost,
	type EventPart,
	partId,
	type ToolBody,
	toolId,
} from "./app-host.ts";
import { appEventName, parseAppEventName } from "./app-name.ts";
import { capabilitiesOf } from "./capabilities.ts";
import { type AppDeclaration, declarationOf } from "./declaration.ts";
import type { Capability } from "./declaration-schema.ts";
import { type HookModule, receive } from "./webhooks/hook.ts";
import {
	type HookRequest,
	type Received,
	type TriggerBody,
	triggerName,
	triggerOf,
} from "./webhooks/trigger.ts";

/** A module of an app: its default export runs; an attempt has 5 seconds unless it exports a `timeout`, at most 60. */
// biome-ignore lint/suspicious/noExplicitAny: what an app's code takes and gives is its own
type AppFunction = (...args: any[]) => unknown;

export interface AppModule {
	default: AppFunction;
	timeout?: Duration;
}

/** `src/events/<event>/`: all three are needed. */
export interface EventModules {
	/** Runs when the first subscriber joins. */
	start: AppModule;
	/** Runs when a trigger arrives: a call of the webhook URL, a poll, mail. */
	handler: AppModule & HookModule;
	/** Runs when the last subscriber leaves. */
	stop: AppModule;
}

export interface AppOptions {
	/** What `events.json` says. Default: the app has no events. */
	events?: unknown;
	/** The modules of each event, by its name. */
	handlers?: Readonly<Record<string, Partial<EventModules>>>;
	/** The modules of `src/tools/`, by name. */
	tools?: Readonly<Record<string, AppModule>>;
	/** What the tools use: `"event"`, `"storage"`. Default: nothing. */
	capabilities?: readonly Capability[];
	/** The apps that may use this one's storage. Default: none. */
	grants?: readonly string[];
}

export interface App {
	readonly declaration: AppDeclaration;
	/** The same as handlers, by the ids that their deliveries have. */
	readonly handlers: readonly Handler[];
	/** What a hook's module says of requests, by event. */
	readonly hooks: Readonly<Record<string, HookModule>>;
}

const MEMBERS = ["events", "handlers", "tools", "capabilities", "grants"];
const PARTS: readonly EventPart[] = ["start", "handler", "stop"];

/**
 * Makes an app of what it declares and brings, to be given to `createEvents({ apps })`.
 *
 * @param name such as `@my-org/email`
 * @throws TypeError that names the path in `events.json`, or the file, of what is wrong or missing
 * @example
 * export const email = createApp("@my-org/email", { events: eventsJson, handlers, tools });
 */
export function createApp(name: string, options: AppOptions): App {
	rejectUnknownKeys("createApp", options, MEMBERS);
	const { handlers = {}, tools = {}, ...declared } = options;
	const declaration = declarationOf(name, {
		...declared,
		tools: Object.keys(tools),
	});
	for (const event of Object.keys(handlers))
		if (!Object.hasOwn(declaration.events, event))
			throw new TypeError(
				`${name}: src/events/${event}: events.json has no event ${JSON.stringify(event)}, only ${Object.keys(declaration.events).join(", ") || "none"}`,
			);
	return {
		declaration,
		handlers: [
			...Object.keys(declaration.events).flatMap((event) =>
				PARTS.map((part) =>
					eventHandler(declaration, event, part, handlers[event]?.[part]),
				),
			),
			...Object.entries(tools).map(([tool, module]) =>
				toolHandler(declaration, tool, module),
			),
		],
		hooks: Object.fromEntries(
			Object.entries(handlers).map(([event, { handler }]) => [
				event,
				(handler ?? {}) as HookModule,
			]),
		),
	};
}

function eventHandler(
	app: AppDeclaration,
	event: string,
	part: EventPart,
	module: AppModule | undefined,
): Handler {
	const file = `src/events/${event}/${part}.ts`;
	const run = functionOf(app.name, file, module);
	const { capabilities } = app.events[
		event
	] as AppDeclaration["events"][string];
	const where = `${event}'s "capabilities" in events.json`;
	return {
		...handlerFor(partId(app.name, event, part), app.name, file, module),
		patterns:
			part === "handler" ? [triggerName(appEventName(app.name, event))] : [],
		run({ body }, _, host) {
			const { webhookUrl } = body as TriggerBody;
			const given = capabilitiesOf(app.name, capabilities, where, {
				host: host as AppHost | undefined,
				webhookUrl,
			});
			return part === "handler"
				? run(triggerOf(body as TriggerBody), given)
				: run(given);
		},
	};
}

function toolHandler(
	app: AppDeclaration,
	tool: string,
	module: AppModule,
): Handler {
	const file = `src/tools/${tool}.ts`;
	const run = functionOf(app.name, file, module);
	const where = `the "capabilities" of createApp(${JSON.stringify(app.name)})`;
	return {
		...handlerFor(toolId(app.name, tool), app.name, file, module),
		patterns: [],
		run({ body }, _, host) {
			const { input, subscription } = body as ToolBody;
			const given = {
				host: host as AppHost | undefined,
				...(subscription && { subscription }),
			};
			return run(
				input,
				capabilitiesOf(app.name, app.capabilities, where, given),
			);
		},
	};
}

function handlerFor(
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
			`${app}: ${file} is missing: write it, run npx tidings generate --app, and give createApp what that exports`,
		);
	if (typeof module.default === "function") return module.default;
	throw new TypeError(
		`${app}: ${file} has no default export that is a function`,
	);
}

/** What the app of an event says of a call of its webhook. */
export async function receiveFor(
	apps: readonly App[],
	eventName: string,
	request: HookRequest,
	{ clock }: { clock(): number },
): Promise<Received> {
	const { app = "", event = "" } = parseAppEventName(eventName) ?? {};
	const hooks = apps.find(({ declaration }) => declaration.name === app)?.hooks;
	const module = hooks?.[event];
	if (module) return receive(module, request, clock());
	throw new Error(`tidings: there is no webhook of ${eventName} here`);
}
