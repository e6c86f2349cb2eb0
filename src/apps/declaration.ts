/**
 * Validates what an app declares: its events, tools, capabilities and grants. The result is plain data. It runs no
 * code of the app.
 */
import * as z from "zod";
import { parseOrThrow } from "../event/zod-errors.ts";
import { checkAppName } from "./app-name.ts";
import {
	AppName,
	type Capability,
	OwnEvents,
	OwnParts,
	RemoteEvents,
	RemoteParts,
} from "./declaration-schema.ts";
import type { DeclaredTokens } from "./subscriptions/subscription-key.ts";

/** One event of an `events.json`. */
export interface AppEvent {
	/** When the event fires, for people. */
	description: string;
	/** The capabilities of its start, handler and stop. */
	capabilities: readonly Capability[];
	/** The fields of a subscription's key, by issuer and token type. A public event has none. */
	tokens: DeclaredTokens;
	/** JSON Schema of its payload. Absent in the declaration of another Worker's app: only that Worker checks payloads. */
	payload?: object;
}

/** The declaration of an app, as plain data that other Workers may read. */
export interface AppDeclaration {
	name: string;
	/** By short name. Look names up with `Object.hasOwn`, because callers may pass `constructor`. */
	events: Readonly<Record<string, AppEvent>>;
	tools: readonly string[];
	/** The capabilities of its tools. */
	capabilities: readonly Capability[];
	/** The apps that may use its storage. */
	grants: readonly string[];
	/** The full names of the events that users may subscribe a tool to, by tool. */
	userSubscriptions: Readonly<Record<string, readonly string[]>>;
}

/**
 * Validates the declaration of an app of this Worker.
 *
 * @param parts `events` is the content of `events.json`; absent parts are empty
 * @throws TypeError with the path of each wrong value: `@my-org/email: events.json: new_email.tokens: required`
 */
export function declarationOf(
	name: string,
	parts: {
		events?: unknown;
		tools?: readonly string[];
		capabilities?: unknown;
		grants?: unknown;
		userSubscriptions?: unknown;
	},
): AppDeclaration {
	checkAppName(name);
	const { events = {}, ...rest } = parts;
	const parsed = parseOrThrow(OwnParts, rest, name);
	for (const tool of Object.keys(parsed.userSubscriptions))
		if (!parsed.tools.includes(tool))
			throw new TypeError(
				`${name}: userSubscriptions.${tool}: there is no tool of this name; use ${parsed.tools.join(", ") || "none"}`,
			);
	return {
		name,
		events: parseOrThrow(OwnEvents, events, `${name}: events.json`),
		...parsed,
	};
}

/**
 * Reads the declaration of another Worker's app. That Worker's deploy may be older or newer, so unknown keys and
 * capabilities are left out, and absent parts are empty. Schemas are left out, because they must not run here.
 *
 * @throws TypeError for a value that is not a declaration
 */
export function declarationFrom(value: unknown): AppDeclaration {
	const {
		name,
		events = {},
		...rest
	} = parseOrThrow(
		z.looseObject({ name: AppName }),
		value,
		"the declaration of an app",
	);
	return {
		name,
		events: parseOrThrow(RemoteEvents, events, `${name}: events.json`),
		...parseOrThrow(RemoteParts, rest, name),
	};
}
