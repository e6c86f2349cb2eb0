/** Reads the content of HTTP requests and validates it. It must not act on it. */
import * as z from "zod";
import { RefusedError } from "../../event/errors.ts";
import { PUBLISH_BYTES } from "../../event/limits.ts";
import { show } from "../../event/validation.ts";
import { describePrivately, messageOf } from "../../event/zod-errors.ts";
import { jsonBounds } from "./json-bounds.ts";
import { HttpError } from "./problem.ts";

/** Describes the due time that a caller gives. */
export const AFTER =
	'"2 days", milliseconds, epoch milliseconds, or a date-time with Z or an offset';

/** The parameters of a list, whose bounds are those of the list. */
export const Page = z.strictObject({
	limit: z.coerce.number().describe("1 to 1 000; default: 100").optional(),
	cursor: z.string().describe("the cursor of the page before").optional(),
});

/** The parameters of a list with a filter. */
export const FilteredPage = z.strictObject({
	q: z
		.string()
		.describe("a filter, such as `name:order.** state:dead since:2h`")
		.optional(),
	...Page.shape,
});

/**
 * Reads JSON. Call it only for a caller who may do what the request asks for.
 *
 * @param limit in bytes
 * @param type the media type that the request must have
 * @throws HttpError `unsupported_media_type`, `invalid_json`, `content_too_large`; RefusedError `invalid_body`,
 * `batch_too_large`
 */
export async function readJson(
	request: Request,
	limit: number,
	type = "application/json",
): Promise<unknown> {
	checkMediaType(request, type);
	return parseJson(await readText(request, limit));
}

/**
 * Reads optional JSON. A request may have no content, with any media type.
 *
 * @param absent the value of a request without content; default: no options
 * @throws as `readJson` does
 */
export async function readOptionalJson(
	request: Request,
	limit: number,
	absent: unknown = {},
): Promise<unknown> {
	const text = await readText(request, limit);
	if (text === "") return absent;
	checkMediaType(request, "application/json");
	return parseJson(text);
}

/**
 * Reads an HTML form.
 *
 * @throws HttpError `unsupported_media_type`, `content_too_large`, `invalid_json` for invalid UTF-8
 */
export async function readForm(
	request: Request,
	limit: number,
): Promise<URLSearchParams> {
	checkMediaType(request, FORM);
	const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });
	let text = "";
	for await (const chunk of chunksOf(request, limit))
		text += decode(decoder, chunk);
	return new URLSearchParams(text + decode(decoder));
}

const FORM = "application/x-www-form-urlencoded";

/** Returns the media type of the content, without parameters; empty without one. */
export function mediaTypeOf({ headers }: Request): string {
	const [type = ""] = (headers.get("content-type") ?? "").split(";");
	return type.trim().toLowerCase();
}

function checkMediaType(request: Request, type: string): void {
	const media = mediaTypeOf(request);
	if (media !== type)
		throw new HttpError(
			"unsupported_media_type",
			`content-type: ${show(media)} is not supported; send ${type}`,
		);
}

/** @throws HttpError `invalid_json` */
export function parseJson(text: string): unknown {
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
 * Reads text. Rejects invalid UTF-8, because a replacement character would change the event.
 *
 * @param checkBounds checks each part of it
 */
export async function readText(
	request: Request,
	limit: number,
	checkBounds = jsonBounds(),
): Promise<string> {
	refuseQuery(request);
	const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });
	const code = limit === PUBLISH_BYTES ? "batch_too_large" : undefined;
	let text = "";
	for await (const chunk of chunksOf(request, limit, code)) {
		checkBounds(chunk);
		text += decode(decoder, chunk);
	}
	return text + decode(decoder);
}

/**
 * Reads the content. Stops at the limit, so that a large request does not exhaust the memory.
 *
 * @param limit in bytes
 * @param code of the error
 * @throws HttpError
 */
async function* chunksOf(
	{ body, headers }: Request,
	limit: number,
	code: "batch_too_large" | "content_too_large" = "content_too_large",
): AsyncGenerator<Uint8Array> {
	const check = (bytes: number) => {
		if (bytes > limit)
			throw new HttpError(
				code,
				`the request has more than ${limit} bytes; send less`,
			);
	};
	check(Number(headers.get("content-length")));
	let bytes = 0;
	for await (const chunk of body ?? []) {
		bytes += chunk.byteLength;
		check(bytes);
		yield chunk;
	}
}

function decode(decoder: TextDecoder, chunk?: Uint8Array): string {
	try {
		return chunk ? decoder.decode(chunk, { stream: true }) : decoder.decode();
	} catch {
		throw new HttpError("invalid_json", "the request is not UTF-8");
	}
}

/**
 * @throws RefusedError `invalid_request`, with the path of each wrong value; the values may be tokens and are not shown
 */
export function check<Schema extends z.ZodType>(
	schema: Schema,
	value: unknown,
): z.output<Schema> {
	const result = schema.safeParse(value, { error: describePrivately });
	if (result.success) return result.data;
	throw new RefusedError("invalid_request", messageOf(result.error));
}

/** @throws RefusedError `invalid_request` for a parameter: as a filter that is ignored, it would select too much */
function refuseQuery({ url }: Request): void {
	const [name] = new URL(url).searchParams.keys();
	if (name === undefined) return;
	throw new RefusedError(
		"invalid_request",
		`${show(name)} is a parameter of the query; this request takes its input from its content`,
	);
}

/**
 * Reads the parameters of a query.
 *
 * @throws RefusedError `invalid_request` for a repeated parameter: one of its values would be ignored
 */
export function queryOf({ url }: Request): Record<string, string> {
	const { searchParams } = new URL(url);
	const names = [...searchParams.keys()];
	const repeated = names.find((name, at) => names.indexOf(name) < at);
	if (repeated !== undefined)
		throw new RefusedError(
			"invalid_request",
			`${show(repeated)} is given more than once; give it once`,
		);
	return Object.fromEntries(searchParams);
}
