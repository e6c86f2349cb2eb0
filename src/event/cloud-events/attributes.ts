/** Checks the attributes of CloudEvents 1.0, for those that are read and those that are written. Without zod. */
import { RefusedError } from "../errors.ts";
import { byteLength } from "../json.ts";
import { CLOUD_EVENT_BYTES } from "../limits.ts";
import { isText, show } from "../validation.ts";

export type Attribute = string | number | boolean;

/** The attributes of a CloudEvent, except for `specversion` and `type`. Extensions are attributes, too. */
export interface CloudEventAttributes {
	readonly id: string;
	readonly source: string;
	readonly [name: string]: Attribute;
}

/** The media types of one CloudEvent and of an array of them, as JSON. */
export const STRUCTURED_TYPE = "application/cloudevents+json";
export const BATCH_TYPE = "application/cloudevents-batch+json";

const REQUIRED = ["specversion", "id", "source", "type"];
const TEXTS = [...REQUIRED, "subject", "dataschema", "datacontenttype", "time"];

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/i;

export const URIS = ["source", "dataschema"];

/** The characters of a URI or of a relative reference (RFC 3986). */
const URI = /^([\w\-.~:/?#[\]@!$&'()*+,;=]|%[0-9a-f]{2})+$/i;

/** Characters that no attribute may have (CloudEvents, type system). */
const FORBIDDEN = /[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}]/u;

/**
 * Checks attributes, and returns them. One that is undefined or null is left out.
 *
 * @throws RefusedError `invalid_request`
 */
export function checkAttributes(
	attributes: Readonly<Record<string, unknown>>,
): CloudEventAttributes & { specversion: "1.0"; type: string } {
	const checked: Record<string, Attribute> = {};
	for (const [name, value] of Object.entries(attributes))
		if (value !== undefined && value !== null)
			checked[name] = checkAttribute(name, value);
	const missing = REQUIRED.find((name) => !Object.hasOwn(checked, name));
	if (missing) throw invalid(`${missing} is missing; a CloudEvent has one`);
	const bytes = byteLength(JSON.stringify(checked));
	if (bytes > CLOUD_EVENT_BYTES)
		throw invalid(
			`its attributes have ${bytes} bytes; give at most ${CLOUD_EVENT_BYTES}, and put the rest into the data`,
		);
	return checked as ReturnType<typeof checkAttributes>;
}

function checkAttribute(name: string, value: unknown): Attribute {
	if (!/^[a-z0-9]+$/.test(name) || name === "data")
		throw invalid(
			`${show(name)} is not the name of an attribute; use lower-case letters and digits`,
		);
	if (name === "specversion" && value !== "1.0")
		throw invalid(`specversion: ${show(value)} is not supported; send "1.0"`);
	if (TEXTS.includes(name) && !isText(value))
		throw invalid(`${name}: ${show(value)} is not a text; give one`);
	if (name === "time" && !isTime(String(value)))
		throw invalid(
			`time: ${show(value)} is not a time; give one such as 2027-01-14T09:30:00Z`,
		);
	if (URIS.includes(name) && !URI.test(String(value)))
		throw invalid(
			`${name}: ${show(value)} is not a URI; encode its other characters with %`,
		);
	if (!isAttribute(value))
		throw invalid(
			`${name}: ${show(value)} is not a value; give a text without control characters, a boolean, or an integer of 32 bits`,
		);
	return value;
}

function isTime(text: string): boolean {
	return TIME.test(text) && !Number.isNaN(Date.parse(text));
}

function isAttribute(value: unknown): value is Attribute {
	if (typeof value === "string") return !FORBIDDEN.test(value);
	return typeof value === "boolean" || value === (Number(value) | 0);
}

/** Returns whether data of a content type are JSON or text; undefined for other data. */
export function formOf(contentType: string): "json" | "text" | undefined {
	const [type = ""] = contentType.split(";");
	const media = type.trim().toLowerCase();
	if (/^(application|text)\/json$|\+json$/.test(media)) return "json";
	return /^text\/|^application\/xml$|\+xml$/.test(media) ? "text" : undefined;
}

export function invalid(message: string): RefusedError {
	return new RefusedError("invalid_request", `CloudEvent: ${message}`);
}
