/** Reads CloudEvents 1.0 in the structured and the binary mode of HTTP. It parses no content. */
import { RefusedError } from "../errors.ts";
import { checkName } from "../name.ts";
import { show } from "../validation.ts";
import {
	type CloudEventAttributes,
	checkAttributes,
	formOf,
	invalid,
	URIS,
} from "./attributes.ts";

/** A CloudEvent as a request to publish. */
interface ReceivedCloudEvent {
	/** The `type`. */
	name: string;
	/** The data; null without data. */
	body: unknown;
	cloudEvent: CloudEventAttributes;
}

/**
 * Reads a CloudEvent in JSON.
 *
 * @throws RefusedError `invalid_request`, `invalid_name`; `invalid_body` for data in base64 that are neither JSON nor
 * text
 */
export function readStructured(json: unknown): ReceivedCloudEvent {
	if (typeof json !== "object" || json === null || Array.isArray(json))
		throw invalid(`expected an object, got ${show(json)}`);
	const {
		data,
		data_base64: base64,
		...attributes
	} = json as {
		data?: unknown;
		data_base64?: unknown;
	};
	const event = received(attributes);
	if (base64 === undefined || base64 === null)
		return { ...event, body: data ?? null };
	if (data !== undefined && data !== null)
		throw invalid("it has both data and data_base64; send one of them");
	return { ...event, body: decoded(base64, event.cloudEvent) };
}

/**
 * Reads the attributes of a CloudEvent from headers. Its body is the content, which the caller reads.
 *
 * @throws RefusedError `invalid_request`, `invalid_name`
 */
export function readHeaders(
	headers: Iterable<readonly [name: string, value: string]>,
): Omit<ReceivedCloudEvent, "body"> {
	const attributes: Record<string, string> = {};
	for (const [name, value] of headers) {
		if (name === "ce-datacontenttype")
			throw invalid(`the header ${name} is not allowed; use content-type`);
		if (name === "content-type") attributes.datacontenttype = value;
		else if (name.startsWith("ce-")) {
			const attribute = name.slice("ce-".length);
			attributes[attribute] = decodeHeader(attribute, value);
		}
	}
	return received(attributes);
}

function received(
	attributes: Readonly<Record<string, unknown>>,
): Omit<ReceivedCloudEvent, "body"> {
	const { specversion: _, type, ...checked } = checkAttributes(attributes);
	try {
		checkName(type);
	} catch (error) {
		const { message } = error as Error;
		throw new RefusedError("invalid_name", message.replace(/^name/, "type"));
	}
	return { name: type, cloudEvent: checked as CloudEventAttributes };
}

/** Decodes a quoted string, and characters that are encoded with `%` (HTTP binding, 3.1.3.2). */
function decodeHeader(name: string, value: string): string {
	const text = /^".*"$/.test(value)
		? value.slice(1, -1).replace(/\\(.)/g, "$1")
		: value;
	// Many senders do not encode the percent sign. In a URI it is the only character to encode.
	const encoded = URIS.includes(name) ? /%25/g : /(%[0-9a-f]{2})+/gi;
	try {
		return text.replace(encoded, decodeURIComponent);
	} catch {
		throw invalid(
			`ce-${name}: ${show(value)} is not UTF-8; encode it as UTF-8`,
		);
	}
}

function decoded(
	base64: unknown,
	{ datacontenttype = "application/json" }: CloudEventAttributes,
): unknown {
	const form = formOf(String(datacontenttype));
	if (form === undefined)
		throw new RefusedError(
			"invalid_body",
			`data_base64: ${show(datacontenttype)} is neither JSON nor text; put the data into a JSON body, as text in base64`,
		);
	try {
		const bytes = Uint8Array.from(
			atob(String(base64)),
			(one) => one.codePointAt(0) as number,
		);
		const text = new TextDecoder("utf-8", {
			fatal: true,
			ignoreBOM: false,
		}).decode(bytes);
		return form === "json" ? JSON.parse(text) : text;
	} catch (error) {
		throw new RefusedError(
			"invalid_body",
			`data_base64: it is not ${show(datacontenttype)} in base64 and UTF-8: ${(error as Error).message}`,
		);
	}
}
