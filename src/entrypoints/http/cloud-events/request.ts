/** Reads requests that publish CloudEvents, in the binary, structured and batched mode. It publishes none. */
import {
	BATCH_TYPE,
	formOf,
	STRUCTURED_TYPE,
} from "../../../event/cloud-events/attributes.ts";
import {
	readHeaders,
	readStructured,
} from "../../../event/cloud-events/read.ts";
import { mapAtIndex, RefusedError } from "../../../event/errors.ts";
import { PUBLISH_BYTES } from "../../../event/limits.ts";
import { show } from "../../../event/validation.ts";
import { isTrace } from "../../../publish/labels.ts";
import type { PublishRequest } from "../../../publish/request.ts";
import { mediaTypeOf, parseJson, readJson, readText } from "../input.ts";
import { HttpError } from "../problem.ts";

/** Headers that only a CloudEvent in binary mode has. */
const MARKS = ["ce-specversion", "ce-id", "ce-source", "ce-type"];

export function isCloudEvent(request: Request): boolean {
	return (
		mediaTypeOf(request).startsWith("application/cloudevents") ||
		MARKS.some((name) => request.headers.has(name))
	);
}

/**
 * Returns the event of a CloudEvent, or the events of a batch.
 *
 * @throws HttpError and RefusedError for a request that is not a valid CloudEvent
 */
export async function readCloudEvents(
	request: Request,
): Promise<PublishRequest | PublishRequest[]> {
	if (request.headers.has("idempotency-key"))
		throw new RefusedError(
			"invalid_request",
			"Idempotency-Key: the source and the id of a CloudEvent are its key; leave the header out",
		);
	const media = mediaTypeOf(request);
	if (media === BATCH_TYPE) {
		const batch = await readJson(request, PUBLISH_BYTES, media);
		if (Array.isArray(batch))
			return mapAtIndex(batch, (one) => traced(readStructured(one)));
		throw new RefusedError(
			"invalid_request",
			`expected an array of CloudEvents, got ${show(batch)}; send one as ${STRUCTURED_TYPE}`,
		);
	}
	if (media.startsWith("application/cloudevents"))
		return traced(
			readStructured(await readJson(request, PUBLISH_BYTES, STRUCTURED_TYPE)),
		);
	const event = readHeaders(request.headers);
	return traced({ ...event, body: await readData(request) });
}

/** Uses the extension `traceparent`. One that is not valid is ignored, as in a header. */
function traced<Event extends ReturnType<typeof readStructured>>(event: Event) {
	const { traceparent } = event.cloudEvent;
	return isTrace(traceparent) ? { traceparent, ...event } : event;
}

/** Reads the content of a CloudEvent in binary mode. Text becomes a string. Nothing becomes null. */
async function readData(request: Request): Promise<unknown> {
	const type = request.headers.get("content-type") ?? "application/json";
	const form = formOf(type);
	const [, charset = "utf-8"] = /;\s*charset="?([^";]+)/i.exec(type) ?? [];
	if (form === undefined || !/^(utf-8|us-ascii)$/i.test(charset))
		throw new HttpError(
			"unsupported_media_type",
			`content-type: ${show(type)} is not supported for the data of a CloudEvent; send JSON or text, in UTF-8`,
		);
	if (form === "text") return readText(request, PUBLISH_BYTES, () => {});
	const text = await readText(request, PUBLISH_BYTES);
	return text === "" ? null : parseJson(text);
}
