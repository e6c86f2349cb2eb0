/**
 * The pages of the journal: entries of one batch, compressed, with a summary from which a search knows whether to open
 * them. It stores nothing.
 */
import { addKey, newBloom } from "./bloom.ts";
import {
	type Entry,
	filterKeysOf,
	handlersOf,
	hasFailed,
	spanOf,
} from "./entry.ts";

/** What a search reads of a page, or of a part of one, before it opens it. */
interface Span {
	/** Epoch milliseconds of the first and the last step. */
	first: number;
	last: number;
	/** Number of entries. */
	count: number;
	/** Number of entries with a failure. */
	failures: number;
}

/** What a search reads of a page before it opens it. */
export interface Summary extends Span {
	names: readonly string[];
	handlers: readonly string[];
	/** Number of keys in the Bloom filter. */
	keys: number;
	bloom: Uint8Array;
}

/** A page that is stored, or appended to the last one. */
export interface Page extends Summary {
	/** Parts, one after the other. A page grows by parts, because nothing can be added to compressed data. */
	data: Uint8Array;
}

/** A part of a page: the entries of one batch. */
export interface Part extends Span {
	/** Number of entries of the page that precede it. */
	offset: number;
	/** Compressed JSON. */
	compressed: Uint8Array;
}

/** A part begins with the numbers of its bytes, entries and failures in four bytes each, and its times in eight. */
const HEADER_BYTES = 28;

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
	const span: Span = {
		first: Math.min(...spans.map(([first]) => first)),
		last: Math.max(...spans.map(([, last]) => last)),
		count: entries.length,
		failures: entries.filter(hasFailed).length,
	};
	return {
		...span,
		names: [...new Set(entries.map(({ name }) => name))],
		handlers: [...new Set(entries.flatMap(handlersOf))],
		keys: keys.size,
		bloom,
		data: partOf(span, await compress(JSON.stringify(entries))),
	};
}

/** Finds the parts of a page. It reads none. @throws Error if the data is damaged */
export function partsIn(data: Uint8Array): Part[] {
	const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
	const parts: Part[] = [];
	let offset = 0;
	for (let at = 0; at < data.length; ) {
		const start = at + HEADER_BYTES;
		const end = start + view.getUint32(at);
		const count = view.getUint32(at + 4);
		parts.push({
			offset,
			count,
			failures: view.getUint32(at + 8),
			first: view.getFloat64(at + 12),
			last: view.getFloat64(at + 20),
			compressed: data.subarray(start, end),
		});
		offset += count;
		at = end;
	}
	return parts;
}

/** Reads the entries of a part. @throws Error if the data is damaged */
export async function entriesOf({ compressed }: Part): Promise<Entry[]> {
	return JSON.parse(await decompress(compressed)) as Entry[];
}

/** Reads the entries of a page. @throws Error if the data is damaged */
export async function entriesIn(data: Uint8Array): Promise<Entry[]> {
	const entries: Entry[] = [];
	for (const part of partsIn(data)) entries.push(...(await entriesOf(part)));
	return entries;
}

function partOf(
	{ first, last, count, failures }: Span,
	compressed: Uint8Array,
): Uint8Array {
	const part = new Uint8Array(HEADER_BYTES + compressed.length);
	const view = new DataView(part.buffer);
	view.setUint32(0, compressed.length);
	view.setUint32(4, count);
	view.setUint32(8, failures);
	view.setFloat64(12, first);
	view.setFloat64(20, last);
	part.set(compressed, HEADER_BYTES);
	return part;
}

async function compress(text: string): Promise<Uint8Array> {
	const json = new Response(text).body as ReadableStream;
	const stream = json.pipeThrough(new CompressionStream("deflate-raw"));
	return new Uint8Array(await new Response(stream).arrayBuffer());
}

async function decompress(compressed: Uint8Array): Promise<string> {
	const bytes = new Response(compressed as Uint8Array<ArrayBuffer>)
		.body as ReadableStream;
	const stream = bytes.pipeThrough(new DecompressionStream("deflate-raw"));
	return new Response(stream).text();
}
