/** Writes events as CloudEvents 1.0, and as the requests that send them. It sends none. */
import type { TidingsEvent } from "../envelope.ts";
import { show } from "../validation.ts";
import {
	type Attribute,
	BATCH_TYPE,
	type CloudEventAttributes,
	checkAttributes,
	formOf,
	invalid,
	STRUCTURED_TYPE,
} from "./attributes.ts";

/** A CloudEvent as its JSON has it. */
export interface CloudEvent extends Record<string, unknown> {
	specversion: "1.0";
	id: string;
	/** URI of the place that the event comes from. */
	source: string;
	type: string;
	/** Default: `application/json`. */
	datacontenttype?: string;
	/** Absent for an event without data. */
	data?: unknown;
}

/**
 * Returns an event as a CloudEvent 1.0. The event's `id`, `name`, `time` and `body` are its `id`, `type`, `time` and
 * `data`. A null body is left out.
 *
 * @param attributes `source`, and attributes that are added or replaced. `context.cloudEvent` restores a CloudEvent
 * that was published over HTTP
 * @throws RefusedError `invalid_request` for an attribute that a CloudEvent cannot have
 * @example
 * await fetch(url, cloudEventInit(toCloudEvent(event, { source: "/shop" })));
 */
export function toCloudEvent(
	{ id, name, time, body }: Pick<TidingsEvent, "id" | "name" | "time" | "body">,
	attributes: Partial<CloudEventAttributes> & { readonly source: string },
): CloudEvent {
	const hasData = body !== null && body !== undefined;
	const checked = checkAttributes({
		specversion: "1.0",
		id,
		type: name,
		time: new Date(time).toISOString(),
		...(hasData && { datacontenttype: "application/json" }),
		...attributes,
	});
	return { ...checked, ...(hasData && { data: body }) };
}

/**
 * Returns the request that sends a CloudEvent over HTTP, for `fetch`. An array is sent in batched mode.
 *
 * @param mode `structured`: the content has everything; `binary`: the attributes are headers, and the content is the
 * data. Default `structured`
 * @throws RefusedError `invalid_request` for an array in binary mode, or data that their content type does not allow
 */
export function cloudEventInit(
	cloudEvent: CloudEvent | readonly CloudEvent[],
	mode: "structured" | "binary" = "structured",
): { method: "POST"; headers: Record<string, string>; body: string | null } {
	const type = isBatch(cloudEvent) ? BATCH_TYPE : STRUCTURED_TYPE;
	if (mode === "structured")
		return {
			method: "POST",
			headers: { "content-type": type },
			body: JSON.stringify(cloudEvent),
		};
	if (isBatch(cloudEvent))
		throw invalid("an array has no binary mode; send it in structured mode");
	const { data, datacontenttype = "application/json", ...rest } = cloudEvent;
	const headers = Object.fromEntries(
		Object.entries(checkAttributes(rest)).map(([name, value]) => [
			`ce-${name}`,
			encodeHeader(value),
		]),
	);
	if (data === undefined) return { method: "POST", headers, body: null };
	headers["content-type"] = datacontenttype;
	return { method: "POST", headers, body: contentOf(data, datacontenttype) };
}

function isBatch(
	cloudEvent: CloudEvent | readonly CloudEvent[],
): cloudEvent is readonly CloudEvent[] {
	return Array.isArray(cloudEvent);
}

function contentOf(data: unknown, contentType: string): string {
	if (formOf(contentType) === "json") return JSON.stringify(data);
	if (typeof data === "string") return data;
	throw invalid(
		`data: it is not a text, but datacontenttype is ${show(contentType)}`,
	);
}

/** Encodes all but printable ASCII, and the space, the quote and the percent sign (HTTP binding, 3.1.3.2). */
function encodeHeader(value: Attribute): string {
	return String(value).replace(/[^!#$&-~]/gu, encodeURIComponent);
}
