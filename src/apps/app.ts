/** `createApp()`: combines the declaration of an app with its code. It runs none of the code and sends nothing. */
import { rejectUnknownKeys } from "../event/validation.ts";
import type { Handler } from "../handlers/handler.ts";
import { log } from "../platform/log.ts";
import { type AppModule, eventHandlers, toolHandler } from "./app-handlers.ts";
import { appEventName } from "./app-name.ts";
import { type AppDeclaration, declarationOf } from "./declaration.ts";
import type { Capability } from "./declaration-schema.ts";
import { checkEventPayload } from "./schema/payload-schema.ts";
import type { HookRequest, Received } from "./webhooks/trigger.ts";
import { checkRequest, type HookModule } from "./webhooks/webhook-module.ts";

/** `src/events/<event>/`. All three parts are required. */
interface EventModules {
	/** Runs when the first subscriber joins. */
	start: AppModule;
	/** Runs with each trigger: a call of the webhook, a poll, or a mail. */
	handler: AppModule & HookModule;
	/** Runs when the last subscriber leaves. */
	stop: AppModule;
}

export interface AppOptions {
	/** The content of `events.json`. Default: no events. */
	events?: unknown;
	/** The modules of each event, by its name. */
	handlers?: Readonly<Record<string, Partial<EventModules>>>;
	/** The modules of `src/tools/`, by name. */
	tools?: Readonly<Record<string, AppModule>>;
	/** The capabilities of the tools: `"event"`, `"storage"`. Default: none. */
	capabilities?: readonly Capability[];
	/** The apps that may use the storage of this app. Default: none. */
	grants?: readonly string[];
	/**
	 * The events that users may subscribe a tool to by themselves, by tool:
	 * `{ note_move: ["@acme/parcels/parcel_moved"] }`. Default: none; then only this app's own code subscribes its tools.
	 */
	userSubscriptions?: Readonly<Record<string, readonly string[]>>;
}

export interface App {
	readonly declaration: AppDeclaration;
	/** The app's code as handlers, with the ids that deliveries name. */
	readonly handlers: readonly Handler[];
	/** Checks a payload with the schema of an event. @throws RefusedError `schema_violation` */
	checkPayload(event: string, payload: unknown): void;
	/**
	 * Asks whether the app accepts a call of an event's webhook. An error of the app's code is logged here and not passed
	 * on: the caller may be anybody.
	 *
	 * @param now epoch milliseconds
	 * @throws Error if the event has no webhook here
	 */
	receive(event: string, request: HookRequest, now: number): Promise<Received>;
}

const KEYS = [
	"events",
	"handlers",
	"tools",
	"capabilities",
	"grants",
	"userSubscriptions",
];

/**
 * Creates an app, for `createEvents({ apps })`.
 *
 * @param name such as `@my-org/email`
 * @throws TypeError with the path in `events.json`, or the file, that is wrong or missing
 * @example
 * export const email = createApp("@my-org/email", { events: eventsJson, handlers, tools });
 */
export function createApp(name: string, options: AppOptions): App {
	rejectUnknownKeys("createApp", options, KEYS);
	const { handlers = {}, tools = {}, ...declared } = options;
	const declaration = declarationOf(name, {
		...declared,
		tools: Object.keys(tools),
	});
	for (const event of Object.keys(handlers))
		if (!Object.hasOwn(declaration.events, event))
			throw new TypeError(
				`${name}: src/events/${event}: events.json has no event ${JSON.stringify(event)}; use ${Object.keys(declaration.events).join(", ") || "none"}`,
			);
	const hooks = new Map(
		Object.entries(handlers).map(([event, { handler = {} }]) => [
			event,
			hookOf(name, event, handler),
		]),
	);
	return {
		declaration,
		handlers: [
			...Object.keys(declaration.events).flatMap((event) =>
				eventHandlers(declaration, event, handlers[event]),
			),
			...Object.entries(tools).map(([tool, module]) =>
				toolHandler(declaration, tool, module),
			),
		],
		checkPayload: (event, payload) =>
			checkEventPayload(name, declaration.events, event, payload),
		receive: (event, request, now) =>
			receive(name, event, hooks.get(event), request, now),
	};
}

/** @throws TypeError with the file whose `secretNames` are not names */
function hookOf(app: string, event: string, module: HookModule): HookModule {
	const names: unknown = module.secretNames ?? [];
	if (Array.isArray(names) && names.every((name) => typeof name === "string"))
		return module;
	throw new TypeError(
		`${app}: src/events/${event}/handler.ts: secretNames: ${JSON.stringify(names)} is not a list of names; use one such as ["x-partner-code"]`,
	);
}

async function receive(
	app: string,
	event: string,
	module: HookModule | undefined,
	request: HookRequest,
	now: number,
): Promise<Received> {
	const name = appEventName(app, event);
	if (!module)
		throw new Error(`tidings: this Worker has no webhook of ${name}`);
	try {
		return await checkRequest(module, request, now);
	} catch (error) {
		log("webhook_code_failed", { name, error });
		return { type: "failed" };
	}
}
