/**
 * Validates what an app declares: its events, tools, capabilities and grants. The result is plain data. It runs no
 * code of the app.
 */
import * as z from "zod";
import { checked, parseOrThrow, show } from "../event/zod-errors.ts";
import {
	appNameMessage,
	checkAppName,
	isAppName,
	SHORT_NAME,
} from "./app-name.ts";
import { checkSchema } from "./payload-schema.ts";
import {
	type DeclaredTokens,
	keyFields,
} from "./subscriptions/subscription-key.ts";

const CAPABILITIES = ["storage", "event"] as const;

/** A capability that an app's code may use. */
export type Capability = (typeof CAPABILITIES)[number];

/** One event of an `events.json`. */
export interface AppEvent {
	/** When the event fires, for people. */
	description: string;
	/** The capabilities of its start, handler and stop. */
	capabilities: readonly Capability[];
	/** The fields of a subscription's key, by issuer and token type. A public event has none. */
	tokens: DeclaredTokens;
	/** JSON Schema of its payload. */
	payload: object;
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
}

/** Strict: an unknown key or capability is an error. */
const OwnCapabilities = z.array(
	z.enum(CAPABILITIES, {
		error: ({ input }) =>
			`${show(input)} is not a capability: use ${CAPABILITIES.join(" or ")}`,
	}),
);

/** Tolerant: another Worker's deploy may be newer, so unknown capabilities are left out. */
const RemoteCapabilities = z
	.array(z.unknown())
	.transform((list) =>
		list.filter((one): one is Capability =>
			(CAPABILITIES as readonly unknown[]).includes(one),
		),
	);

const Text = z.string().min(1, "expected a string that is not empty");

const ShortName = z.custom<string>(
	(value) => typeof value === "string" && SHORT_NAME.test(value),
	{
		error: ({ input }) =>
			`${show(input)} is not a name: use 1 to 64 characters of A-Z a-z 0-9 _ -`,
	},
);

const AppName = z.custom<string>(isAppName, {
	error: ({ input }) => appNameMessage(input),
});

const Fields = z
	.array(Text)
	.min(1, "the list is empty: name a field, or leave the token type out")
	.refine(
		(fields) => new Set(fields).size === fields.length,
		"a field is listed twice: name it once",
	);

const TokenTypes = z
	.record(Text, Fields)
	.refine(
		(types) => Object.keys(types).length > 0,
		"there is no token type: name one, or leave the issuer out",
	);

const Tokens = z.record(AppName, TokenTypes).superRefine((tokens, context) => {
	try {
		keyFields(tokens);
	} catch (error) {
		context.addIssue((error as Error).message);
	}
});

/** Copies the schema as JSON, because a function in it cannot be sent to another Worker. */
const Payload = checked((payload): object => {
	if (payload === undefined) throw new TypeError("required");
	const schema: unknown = JSON.parse(JSON.stringify(payload) ?? "null");
	checkSchema(schema);
	return schema;
});

const OwnEvent = z.strictObject({
	description: Text,
	capabilities: OwnCapabilities,
	tokens: Tokens,
	payload: Payload,
});
const OwnEvents = z.record(ShortName, OwnEvent);
const RemoteEvents = z.record(
	ShortName,
	z.object({ ...OwnEvent.shape, capabilities: RemoteCapabilities }),
);

const OwnParts = z.strictObject({
	tools: z.array(ShortName).default([]),
	capabilities: OwnCapabilities.default([]),
	grants: z.array(AppName).default([]),
});
const RemoteParts = z.object({
	...OwnParts.shape,
	capabilities: RemoteCapabilities.default([]),
});

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
	},
): AppDeclaration {
	checkAppName(name);
	const { events = {}, ...rest } = parts;
	return {
		name,
		events: parseOrThrow(OwnEvents, events, `${name}: events.json`),
		...parseOrThrow(OwnParts, rest, name),
	};
}

/**
 * Reads the declaration of another Worker's app. That Worker's deploy may be older or newer, so unknown keys and
 * capabilities are left out, and absent parts are empty.
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
