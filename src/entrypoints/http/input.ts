/** Reads the content of HTTP requests and validates it. It must not act on it. */
import type * as z from "zod";
import { RefusedError } from "../../event/errors.ts";
import { CALL_BYTES } from "../../event/limits.ts";
import { describePrivately, messageOf } from "../../event/zod-errors.ts";
import { HttpError } from "./problem.ts";

/** The events of a full batch, and 1 MB for the JSON around them. */
const REQUEST_BYTES = CALL_BYTES + 1_000_000;

/** @throws HttpError `unsupported_media_type`, `invalid_json`; RefusedError `batch_too_large`, `not_supported` */
export async function readJson(request: Request): Promise<unknown> {
	checkMediaType(request);
	return parse(await readText(request));
}

/**
 * Reads JSON where all options are optional: a request without content is `{}`, with any media type.
 *
 * @throws as `readJson` does
 */
export async function readOptionalJson(request: Request): Promise<unknown> {
	const text = await readText(request);
	if (text === "") return {};
	checkMediaType(request);
	return parse(text);
}

function checkMediaType({ headers }: Request): void {
	const [type = ""] = (headers.get("content-type") ?? "").split(";");
	const media = type.trim().toLowerCase();
	if (
		media.startsWith("application/cloudevents") ||
		headers.has("ce-specversion")
	)
		throw new RefusedError(
			"not_supported",
			"CloudEvents are not supported yet; send { name, body } as application/json",
		);
	if (media !== "application/json")
		throw new HttpError(
			"unsupported_media_type",
			`content-type: ${JSON.stringify(media)} is not supported; send application/json`,
		);
}

function parse(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch (error) {
		throw new HttpError(
			"invalid_json",
			`the request is not JSON: ${(error as Error).message}`,
		);
	}
}

/**
 * Stops at the size limit, so that a large request does not exhaust the memory. Rejects invalid UTF-8, because a
 * replacement character would change the event.
 */
async function readText(request: Request): Promise<string> {
	const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });
	let text = "";
	let bytes = 0;
	for await (const chunk of request.body ?? []) {
		bytes += chunk.byteLength;
		if (bytes > REQUEST_BYTES)
			throw new RefusedError(
				"batch_too_large",
				`the request has more than ${REQUEST_BYTES} bytes; send at most ${CALL_BYTES} bytes of events in one request`,
			);
		text += decode(decoder, chunk);
	}
	return text + decode(decoder);
}

function decode(decoder: TextDecoder, chunk?: Uint8Array): string {
	try {
		return chunk ? decoder.decode(chunk, { stream: true }) : decoder.decode();
	} catch {
		throw new HttpError("invalid_json", "the request is not UTF-8");
	}
}

/** @throws RefusedError `invalid_request`, with the path of each wrong value; the values may be tokens and are not shown */
export function check<Schema extends z.ZodType>(
	schema: Schema,
	value: unknown,
): z.output<Schema> {
	const result = schema.safeParse(value, { error: describePrivately });
	if (result.success) return result.data;
	throw new RefusedError("invalid_request", messageOf(result.error));
}
