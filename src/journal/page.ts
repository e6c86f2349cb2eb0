/**
 * The pages of the journal: entries of one batch, compressed, with a summary that tells a search whether to open them.
 * It stores nothing.
 */
import { addKey, newBloom } from "./bloom.ts";
import {
	type Entry,
	filterKeysOf,
	handlersOf,
	hasFailed,
	spanOf,
} from "./entry.ts";

/** What a search reads of a page before it opens it. */
export interface Summary {
	/** Epoch milliseconds of the first and the last step. */
	first: number;
	last: number;
	/** Number of entries. */
	count: number;
	/** Number of entries with a failure. */
	failures: number;
	names: readonly string[];
	handlers: readonly string[];
	/** Number of keys in the Bloom filter. */
	keys: number;
	bloom: Uint8Array;
}

/** A page that is stored, or appended to the last one. */
export interface Page extends Summary {
	/**
	 * Parts, each its length in four bytes and compressed JSON. A page grows by parts, because nothing can be added to
	 * compressed data.
	 */
	data: Uint8Array;
}

/**
 * Makes a page of entries.
 *
 * @param entries at least one
 * @param filterBytes size of the Bloom filter. Default: by the number of keys
 */
export async function pageOf(
	entries: readonly Entry[],
	filterBytes?: number,
): Promise<Page> {
	const spans = entries.map(spanOf);
	const keys = new Set(entries.flatMap(filterKeysOf));
	const bloom =
		filterBytes === undefined
			? newBloom(keys.size)
			: new Uint8Array(filterBytes);
	for (const key of keys) addKey(bloom, key);
	return {
		first: Math.min(...spans.map(([first]) => first)),
		last: Math.max(...spans.map(([, last]) => last)),
		count: entries.length,
		failures: entries.filter(hasFailed).length,
		names: [...new Set(entries.map(({ name }) => name))],
		handlers: [...new Set(entries.flatMap(handlersOf))],
		keys: keys.size,
		bloom,
		data: await compressed(entries),
	};
}

/** Reads the entries of a page. @throws Error if the data is damaged */
export async function entriesIn(data: Uint8Array): Promise<Entry[]> {
	const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
	const entries: Entry[] = [];
	for (let at = 0; at < data.length; ) {
		const length = view.getUint32(at);
		const part = data.subarray(at + LENGTH_BYTES, at + LENGTH_BYTES + length);
		entries.push(...(JSON.parse(await decompressed(part)) as Entry[]));
		at += LENGTH_BYTES + length;
	}
	return entries;
}

const LENGTH_BYTES = 4;

async function compressed(entries: readonly Entry[]): Promise<Uint8Array> {
	const json = new Response(JSON.stringify(entries)).body as ReadableStream;
	const stream = json.pipeThrough(new CompressionStream("deflate-raw"));
	const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
	const part = new Uint8Array(LENGTH_BYTES + bytes.length);
	new DataView(part.buffer).setUint32(0, bytes.length);
	part.set(bytes, LENGTH_BYTES);
	return part;
}

async function decompressed(part: Uint8Array): Promise<string> {
	const bytes = new Response(part as Uint8Array<ArrayBuffer>)
		.body as ReadableStream;
	const stream = bytes.pipeThrough(new DecompressionStream("deflate-raw"));
	return new Response(stream).text();
}
