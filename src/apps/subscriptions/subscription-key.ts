/**
 * Makes the key of a subscription from the token fields that an app's event declares. Keys are compared exactly, by
 * case and type. It does not verify tokens, and its messages never contain a claim's value.
 */
import { RefusedError } from "../../event/errors.ts";
import { show } from "../../event/validation.ts";

/** Fields by issuer and token type. */
export type DeclaredTokens = Readonly<
	Record<string, Readonly<Record<string, readonly string[]>>>
>;

type KeyValue = string | number | boolean;

/** In the order of the declared fields. As text it is JSON: a separator could also be part of a value. */
export type SubscriptionKey = readonly (readonly [
	field: string,
	value: KeyValue,
])[];

interface KeyField {
	/** `email`, or `account.email` if two token types have this field. */
	name: string;
	/** The issuer of its tokens. */
	issuer: string;
	/** The token type, which is a claim of the tokens. */
	type: string;
	/** The name of the field in this claim. */
	field: string;
}

/**
 * Lists the fields that an event declares, in order.
 *
 * @throws TypeError if two fields have the same name
 */
export function keyFields(tokens: DeclaredTokens): readonly KeyField[] {
	const declared = Object.entries(tokens).flatMap(([issuer, types]) =>
		Object.entries(types).flatMap(([type, fields]) =>
			fields.map((field) => ({ issuer, type, field })),
		),
	);
	const named = declared.map((one) => {
		const isShared = declared.some(
			(other) => other !== one && other.field === one.field,
		);
		return { name: isShared ? `${one.type}.${one.field}` : one.field, ...one };
	});
	for (const [index, one] of named.entries()) {
		const other = named.slice(0, index).find(({ name }) => name === one.name);
		if (other)
			throw new TypeError(
				`${JSON.stringify(one.name)} is a field of ${other.issuer}'s ${JSON.stringify(other.type)} and of ${one.issuer}'s ${JSON.stringify(one.type)}: rename one of the token types`,
			);
	}
	return named;
}

/**
 * Makes the key of a subscriber.
 *
 * @param claims claims of the verified tokens, by issuer
 * @throws RefusedError `invalid_token`, with the issuer, claim or field that is missing or not allowed in a key
 */
export function keyOf(
	fields: readonly KeyField[],
	claims: ReadonlyMap<string, Record<string, unknown>>,
): SubscriptionKey {
	return fields.map(({ name, issuer, type, field }) => {
		const token = claims.get(issuer);
		if (!token)
			throw tokenError(
				`there is no token of ${issuer}; send one with the claim ${JSON.stringify(type)}`,
			);
		const claim = ownMember(token, type);
		if (typeof claim !== "object" || claim === null || Array.isArray(claim))
			throw tokenError(
				`the token of ${issuer}: the claim ${JSON.stringify(type)} is ${kindOf(claim)}: it must be an object with ${JSON.stringify(field)}`,
			);
		const value = ownMember(claim, field);
		if (!isKeyValue(value))
			throw tokenError(
				`the token of ${issuer}: ${JSON.stringify(field)} in the claim ${JSON.stringify(type)} is ${kindOf(value)}; ${VALUES}`,
			);
		return [name, value] as const;
	});
}

/**
 * Makes the filter that selects the subscribers of a send.
 *
 * @param toSubscribers values by field name; only `undefined` selects every subscriber
 * @throws RefusedError `invalid_request` for an unknown field, for no field, and for a value that is undefined, null
 * or "": a mistake must not send the event to every subscriber
 */
export function filterOf(
	fields: readonly KeyField[],
	toSubscribers: unknown,
): SubscriptionKey {
	if (toSubscribers === undefined) return [];
	if (
		typeof toSubscribers !== "object" ||
		toSubscribers === null ||
		Array.isArray(toSubscribers)
	)
		throw filterError(
			`expected an object, got ${kindOf(toSubscribers)}; ${EVERY_SUBSCRIBER}`,
		);
	const known = fields.map(({ name }) => name);
	const given = Object.keys(toSubscribers);
	const unknown = given.find((name) => !known.includes(name));
	if (unknown !== undefined)
		throw filterError(
			`unknown field ${show(unknown)}; ${known.length > 0 ? `use ${known.join(", ")}` : `this event has no fields; ${EVERY_SUBSCRIBER}`}`,
		);
	if (given.length === 0)
		throw filterError(`there is no field; ${EVERY_SUBSCRIBER}`);
	return known
		.filter((name) => given.includes(name))
		.map((name) => {
			const value = ownMember(toSubscribers, name);
			if (isKeyValue(value)) return [name, value] as const;
			throw filterError(
				`${JSON.stringify(name)} is ${kindOf(value)}; ${VALUES}`,
			);
		});
}

const EVERY_SUBSCRIBER = "leave it out to send to every subscriber";
const VALUES =
	"use a string that is not empty, a number up to 2^53 or a boolean";

/** Integers over 2^53 lose precision, so that two accounts could have the same key. */
function isKeyValue(value: unknown): value is KeyValue {
	if (typeof value === "number")
		return Math.abs(value) <= Number.MAX_SAFE_INTEGER;
	return (
		(typeof value === "string" && value !== "") || typeof value === "boolean"
	);
}

/** Ignores inherited properties such as `constructor`. */
function ownMember(from: object, name: string): unknown {
	return Object.hasOwn(from, name)
		? (from as Record<string, unknown>)[name]
		: undefined;
}

/** Names the kind of a value, never the value: token claims are private. */
function kindOf(value: unknown): string {
	if (value === undefined) return "missing";
	if (value === null) return "null";
	if (value === "") return '""';
	if (typeof value === "number") return "a number that is not exact";
	if (typeof value === "object")
		return Array.isArray(value) ? "an array" : "an object";
	return `a ${typeof value}`;
}

function tokenError(message: string): RefusedError {
	return new RefusedError("invalid_token", message);
}

function filterError(message: string): RefusedError {
	return new RefusedError("invalid_request", `toSubscribers: ${message}`);
}
