/** What an app declares: its events, tools, capabilities and grants, checked and as plain data. Its code stays where it is. */

import { isReservedName } from "../event/name.ts";
import {
	listOf,
	mapMembers,
	named,
	objectOf,
	type Read,
	text,
	unknownKeyMessage,
	wrong,
} from "../event/validation.ts";
import { checkSchema } from "./payload-schema.ts";
import {
	type DeclaredTokens,
	keyFields,
} from "./subscriptions/subscription-key.ts";

const CAPABILITIES = ["storage", "event"] as const;

/** What the code of an app may use. */
export type Capability = (typeof CAPABILITIES)[number];

/** One event of an `events.json`. */
export interface AppEvent {
	/** When it fires, for people. */
	description: string;
	/** What its start, handler and stop may use. */
	capabilities: readonly Capability[];
	/** The fields that make a subscription's key, by issuer and token type; none at all for a public event. */
	tokens: DeclaredTokens;
	/** JSON Schema of its payload. */
	payload: object;
}

/** Plain data: what other Workers may know of an app. */
export interface AppDeclaration {
	name: string;
	/** By short name. A name such as `constructor` may be asked for: look it up by `Object.hasOwn`. */
	events: Readonly<Record<string, AppEvent>>;
	tools: readonly string[];
	/** What its tools may use. */
	capabilities: readonly Capability[];
	/** Apps that it lets into its storage. */
	grants: readonly string[];
}

/** Not dots alone: an app's name is a part of paths, which they would climb. */
const APP_NAME = /^@[A-Za-z0-9_-]+\/(?!\.+$)[A-Za-z0-9._-]+$/;
const APP_NAME_LENGTH = 100;
const SHORT_NAME = /^[A-Za-z0-9_-]{1,64}$/;
const EVENT_MEMBERS = ["description", "capabilities", "tokens", "payload"];

/** @throws TypeError for what is no name of an app */
export function checkAppName(name: unknown): asserts name is string {
	if (isAppName(name)) return;
	throw new TypeError(
		`${JSON.stringify(name)} is not the name of an app: @scope/app of A-Z a-z 0-9 _ - (after the / also ., but not alone), at most ${APP_NAME_LENGTH} characters, such as "@my-org/email"`,
	);
}

/** On the bus: `@my-org/email/new_email`. */
export function appEventName(app: string, event: string): string {
	return `${app}/${event}`;
}

export interface AppEventName {
	app: string;
	/** Its short name. */
	event: string;
}

/** The app and the short name of its event; undefined for any other name. */
export function parseAppEventName(name: string): AppEventName | undefined {
	// Most names are of none, and each message's is asked for.
	if (!isReservedName(name)) return undefined;
	const end = name.lastIndexOf("/");
	const app = name.slice(0, end);
	const event = name.slice(end + 1);
	return isAppName(app) && SHORT_NAME.test(event) ? { app, event } : undefined;
}

/**
 * What an app declares, checked.
 *
 * @param parts `events` is an `events.json`; what is absent is empty
 * @throws TypeError that names the path of what is wrong: `@my-org/email: events.json: new_email.tokens: required`
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
	const { events = {}, tools = [], capabilities = [], grants = [] } = parts;
	return {
		name,
		events: eventsOf(events, `${name}: events.json`, eventOf),
		tools: listOf(tools, `${name}: tools`, shortName),
		capabilities: listOf(capabilities, `${name}: capabilities`, capability),
		grants: listOf(grants, `${name}: grants`, appName),
	};
}

/**
 * What another Worker told of its app, whose deploy may be older or newer than this one: members and
 * capabilities that are not known here are left out.
 *
 * @throws TypeError for what is no declaration
 */
export function declarationFrom(value: unknown): AppDeclaration {
	const told = named("the declaration of an app", () => objectOf(value));
	const { name, events = {}, tools, capabilities, grants } = told;
	checkAppName(name);
	return declarationOf(name, {
		events: eventsOf(events, `${name}: events.json`, (event, path) => {
			const { description, capabilities, tokens, payload } = named(path, () =>
				objectOf(event),
			);
			const known = knownAmong(capabilities);
			return { description, capabilities: known, tokens, payload };
		}),
		tools: tools as readonly string[],
		capabilities: knownAmong(capabilities),
		grants,
	});
}

function knownAmong(capabilities: unknown): unknown {
	return Array.isArray(capabilities)
		? capabilities.filter((one) => CAPABILITIES.includes(one))
		: capabilities;
}

function eventsOf<Result>(
	events: unknown,
	path: string,
	read: Read<Result>,
): Record<string, Result> {
	return mapMembers(events, path, (event, name) => {
		shortName(name, path);
		return read(event, `${path}: ${name}`);
	});
}

function eventOf(value: unknown, path: string): AppEvent {
	const event = named(path, () => objectOf(value));
	const unknown = Object.keys(event).find(
		(name) => !EVENT_MEMBERS.includes(name),
	);
	if (unknown !== undefined)
		throw wrong(path, unknownKeyMessage(unknown, EVENT_MEMBERS));
	const member = <Result>(name: string, read: Read<Result>) => {
		if (event[name] === undefined) throw wrong(`${path}.${name}`, "required");
		return read(event[name], `${path}.${name}`);
	};
	return {
		description: member("description", text),
		capabilities: member("capabilities", (list, path) =>
			listOf(list, path, capability),
		),
		tokens: member("tokens", tokensOf),
		payload: member("payload", (payload, path) =>
			named(path, () => schemaOf(payload)),
		),
	};
}

/** What is no JSON in it, as a function, cannot cross to another Worker. */
function schemaOf(payload: unknown): object {
	const schema: unknown = JSON.parse(JSON.stringify(payload) ?? "null");
	checkSchema(schema);
	return schema;
}

function tokensOf(value: unknown, path: string): DeclaredTokens {
	const tokens = mapMembers(value, path, (types, issuer) => {
		appName(issuer, path);
		const from = `${path}[${JSON.stringify(issuer)}]`;
		const read = mapMembers(types, from, (fields, type) =>
			fieldsOf(fields, `${from}.${text(type, from)}`),
		);
		if (Object.keys(read).length > 0) return read;
		throw wrong(from, "empty: name a token type, or leave the issuer out");
	});
	named(path, () => keyFields(tokens));
	return tokens;
}

function fieldsOf(value: unknown, path: string): string[] {
	const fields = listOf(value, path, text);
	if (fields.length === 0)
		throw wrong(path, "empty: name a field, or leave the token type out");
	if (new Set(fields).size < fields.length)
		throw wrong(path, "it lists a field twice");
	return fields;
}

function capability(value: unknown, path: string): Capability {
	const known = CAPABILITIES.find((one) => one === value);
	if (known) return known;
	throw wrong(
		path,
		`${JSON.stringify(value)} is no capability: use ${CAPABILITIES.join(", ")}`,
	);
}

function shortName(value: unknown, path: string): string {
	if (typeof value === "string" && SHORT_NAME.test(value)) return value;
	throw wrong(
		path,
		`${JSON.stringify(value)} is not a name: 1 to 64 of A-Z a-z 0-9 _ -`,
	);
}

function appName(value: unknown, path: string): string {
	return named(path, () => {
		checkAppName(value);
		return value;
	});
}

export function isAppName(value: unknown): value is string {
	return (
		typeof value === "string" &&
		value.length <= APP_NAME_LENGTH &&
		APP_NAME.test(value)
	);
}
