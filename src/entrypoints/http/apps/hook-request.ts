/** Reads the call of a webhook, and decompresses it within the size limit. It does not parse the content. */
import type { HookRequest } from "../../../apps/webhooks/trigger.ts";
import { HOOK_BYTES } from "../../../event/limits.ts";
import { show } from "../../../event/validation.ts";
import { HttpError } from "../problem.ts";

/** @throws HttpError `content_too_large`, `unsupported_media_type`, or `invalid_request` if it does not decompress */
export async function readHookRequest(
	raw: Request,
): Promise<Omit<HookRequest, "webhookUrl">> {
	const { method, url } = raw;
	const headers = Object.fromEntries(raw.headers);
	const format = formatOf(headers["content-encoding"]);
	const sent = await bytesOf(raw.body ?? []);
	if (format) {
		// Of the content as it was sent.
		delete headers["content-encoding"];
		delete headers["content-length"];
	}
	return {
		method,
		url,
		headers,
		query: Object.fromEntries(new URL(url).searchParams),
		rawQuery: rawQueryOf(url),
		bytes: format ? await decompressed(sent, format) : sent,
	};
}

/** The platform would encode some characters again, and a signature covers the query as it was sent. */
function rawQueryOf(url: string): string {
	const [before = ""] = url.split("#");
	const start = before.indexOf("?");
	return start < 0 ? "" : before.slice(start + 1);
}

const FORMATS: Record<string, "gzip" | "deflate" | undefined> = {
	gzip: "gzip",
	"x-gzip": "gzip",
	deflate: "deflate",
};

function formatOf(encoding = ""): "gzip" | "deflate" | undefined {
	const name = encoding.trim().toLowerCase();
	if (name === "" || name === "identity") return undefined;
	const format = FORMATS[name];
	if (format) return format;
	throw new HttpError(
		"unsupported_media_type",
		`content-encoding: ${show(encoding)} is not supported; send gzip, deflate, or no encoding`,
		{ "accept-encoding": "gzip, deflate" },
	);
}

async function decompressed(
	sent: Uint8Array,
	format: "gzip" | "deflate",
): Promise<Uint8Array> {
	const stream = new Blob([sent]).stream();
	try {
		return await bytesOf(stream.pipeThrough(new DecompressionStream(format)));
	} catch (error) {
		if (error instanceof HttpError) throw error;
		throw new HttpError(
			"invalid_request",
			`content-encoding: the content is not ${format}; send it as this encoding, or without the header`,
		);
	}
}

/** Stops at the size limit, because a large request could exhaust the memory. @throws HttpError `content_too_large` */
async function bytesOf(
	content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<Uint8Array> {
	const chunks: Uint8Array[] = [];
	let size = 0;
	for await (const chunk of content) {
		size += chunk.byteLength;
		if (size > HOOK_BYTES)
			throw new HttpError(
				"content_too_large",
				`the request has more than ${HOOK_BYTES} bytes; send less`,
			);
		chunks.push(chunk);
	}
	const bytes = new Uint8Array(size);
	let position = 0;
	for (const chunk of chunks) {
		bytes.set(chunk, position);
		position += chunk.byteLength;
	}
	return bytes;
}
