/**
 * The key of a subscription: the fields of the subscriber's tokens that an app's event declares. It compares
 * exactly, by case and type, and verifies no token.
 */
import { RefusedError } from "../../event/errors.ts";

/** Fields by token type, by the issuer of the tokens. */
export type DeclaredTokens = Readonly<
	Record<string, Readonly<Record<string, readonly string[]>>>
>;

export type KeyValue = string | number | boolean;

/** One is the same in any order of its fields; as text it is JSON, never joined by a separator. */
export type Key = readonly (readonly [field: string, value: KeyValue])[];

export interface KeyField {
	/** `email`, or `account.email` where two token types have such a field. */
	name: string;
	/** The app whose tokens carry it. */
	issuer: string;
	/** The token type: a claim of the issuer's tokens. */
	type: string;
	/** The field's name in that claim. */
	field: string;
}

/**
 * The fields that an event declares, in order.
 *
 * @throws TypeError when two of them come to one name
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
				`${JSON.stringify(one.name)} is a field of ${other.issuer}'s ${JSON.stringify(other.type)} and of ${one.issuer}'s ${JSON.stringify(one.type)}: one name cannot stand for both`,
			);
	}
	return named;
}

/**
 * The key that a subscriber's tokens give.
 *
 * @param claims what verified tokens say, by issuer
 * @throws RefusedError `invalid_token` that names the issuer, claim or field that is missing or cannot be a key
 */
export function keyOf(
	fields: readonly KeyField[],
	claims: ReadonlyMap<string, Record<string, unknown>>,
): Key {
	return fields.map(({ name, issuer, type, field }) => {
		const token = claims.get(issuer);
		if (!token)
			throw tokenError(
				`there is no token of ${issuer}: this event needs one with ${JSON.stringify(type)}`,
			);
		const claim = ownMember(token, type);
		if (typeof claim !== "object" || claim === null || Array.isArray(claim))
			throw tokenError(
				`the token of ${issuer}: its claim ${JSON.stringify(type)} is ${kindOf(claim)}: this event needs an object with ${JSON.stringify(field)}`,
			);
		const value = ownMember(claim, field);
		if (!isKeyValue(value))
			throw tokenError(
				`the token of ${issuer}: ${JSON.stringify(field)} of its claim ${JSON.stringify(type)} is ${kindOf(value)}: ${VALUES}`,
			);
		return [name, value] as const;
	});
}

/**
 * The part of the key that the subscribers of a send have in common.
 *
 * @param toSubscribers values by the names of fields; absent for every subscriber, and only then
 * @throws RefusedError `invalid_request` for an unknown field, and for what would quietly mean everybody: no
 * field at all, or a value that is undefined, null or ""
 */
export function filterOf(
	fields: readonly KeyField[],
	toSubscribers: unknown,
): Key {
	if (toSubscribers === undefined) return [];
	if (
		typeof toSubscribers !== "object" ||
		toSubscribers === null ||
		Array.isArray(toSubscribers)
	)
		throw filterError(
			`expected an object, got ${kindOf(toSubscribers)}: ${EVERYBODY}`,
		);
	const known = fields.map(({ name }) => name);
	const given = Object.keys(toSubscribers);
	const unknown = given.find((name) => !known.includes(name));
	if (unknown !== undefined)
		throw filterError(
			`unknown field ${JSON.stringify(unknown)}: ${known.length > 0 ? `use ${known.join(", ")}` : `this event has none: ${EVERYBODY}`}`,
		);
	if (given.length === 0) throw filterError(`it names no field: ${EVERYBODY}`);
	return known
		.filter((name) => given.includes(name))
		.map((name) => {
			const value = ownMember(toSubscribers, name);
			if (isKeyValue(value)) return [name, value] as const;
			throw filterError(
				`${JSON.stringify(name)} is ${kindOf(value)}: ${VALUES}`,
			);
		});
}

const EVERYBODY = "leave it out to send to every subscriber";
const VALUES =
	"give a string that is not empty, a number up to 2^53 or a boolean";

/** Integers past 2^53 are read as their neighbours, so that two accounts would have one key. */
function isKeyValue(value: unknown): value is KeyValue {
	if (typeof value === "number")
		return Math.abs(value) <= Number.MAX_SAFE_INTEGER;
	return (
		(typeof value === "string" && value !== "") || typeof value === "boolean"
	);
}

/** What it inherits, as `constructor`, nobody gave it. */
function ownMember(from: object, name: string): unknown {
	return Object.hasOwn(from, name)
		? (from as Record<string, unknown>)[name]
		: undefined;
}

/** Says what it is without telling it: what a token carries belongs to its user. */
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
