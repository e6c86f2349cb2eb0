/**
 * The zod schemas of an app's declaration. An app's own declaration is strict: an unknown key or capability is an
 * error. Another Worker's is tolerant: its deploy may be newer, so unknown keys and capabilities are left out.
 */
import * as z from "zod";
import { show } from "../event/validation.ts";
import { checked } from "../event/zod-errors.ts";
import {
	appNameMessage,
	isAppName,
	parseAppEventName,
	SHORT_NAME,
} from "./app-name.ts";
import { checkSchema } from "./schema/payload-schema.ts";
import { keyFields } from "./subscriptions/subscription-key.ts";

const CAPABILITIES = ["storage", "event"] as const;

/** A capability that an app's code may use. */
export type Capability = (typeof CAPABILITIES)[number];

const OwnCapabilities = z.array(
	z.enum(CAPABILITIES, {
		error: ({ input }) =>
			`${show(input)} is not a capability; use ${CAPABILITIES.join(" or ")}`,
	}),
);

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
			`${show(input)} is not a name; use 1 to 64 characters of A-Z a-z 0-9 _ -`,
	},
);

export const AppName = z.custom<string>(isAppName, {
	error: ({ input }) => appNameMessage(input),
});

const Fields = z
	.array(Text)
	.min(1, "the list is empty; name a field, or leave the token type out")
	.refine(
		(fields) => new Set(fields).size === fields.length,
		"a field is listed twice; name it once",
	);

const TokenTypes = z
	.record(Text, Fields)
	.refine(
		(types) => Object.keys(types).length > 0,
		"there is no token type; name one, or leave the issuer out",
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
export const OwnEvents = z.record(ShortName, OwnEvent);
export const RemoteEvents = z.record(
	ShortName,
	z.object({
		description: Text,
		capabilities: RemoteCapabilities,
		tokens: Tokens,
	}),
);

const EventName = z.custom<string>(
	(value) => typeof value === "string" && parseAppEventName(value),
	{
		error: ({ input }) =>
			`${show(input)} is not the name of an app's event; use one such as "@my-org/email/new_email"`,
	},
);

export const OwnParts = z.strictObject({
	tools: z.array(ShortName).default([]),
	capabilities: OwnCapabilities.default([]),
	grants: z.array(AppName).default([]),
	userSubscriptions: z.record(ShortName, z.array(EventName)).default({}),
});
export const RemoteParts = z.object({
	...OwnParts.shape,
	capabilities: RemoteCapabilities.default([]),
});
