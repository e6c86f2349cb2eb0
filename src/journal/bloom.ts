/**
 * Bloom filters over the keys of a page: a search skips pages that cannot have a key. It knows nothing of entries.
 *
 * A filter has 16 bits for each key and sets eleven of them. One page in 2 000 is opened in vain (Bloom 1970: 0.6185 to
 * the power of bits per key is 0.00046). The two hashes are combined as in Kirsch and Mitzenmacher, "Less Hashing, Same
 * Performance", 2006.
 */

const BITS_PER_KEY = 16;
const HASHES = 11;

/** Bytes of a filter for up to 512 keys. */
export const SMALLEST_FILTER = 1_024;

/** Returns an empty filter for that many keys. Its size is a power of two. */
export function newBloom(keys: number): Uint8Array {
	const bits = Math.max(keys * BITS_PER_KEY, SMALLEST_FILTER * 8);
	return new Uint8Array(2 ** Math.ceil(Math.log2(bits)) / 8);
}

/** How many keys a filter of that size is for. */
export function capacityOf(filter: Uint8Array): number {
	return (filter.length * 8) / BITS_PER_KEY;
}

export function addKey(filter: Uint8Array, key: string): void {
	for (const bit of bitsOf(filter, key))
		filter[bit >> 3] = (filter[bit >> 3] as number) | (1 << (bit & 7));
}

/** Returns false if the key was never added, and nearly always only then. */
export function mayHave(filter: Uint8Array, key: string): boolean {
	return bitsOf(filter, key).every(
		(bit) => ((filter[bit >> 3] as number) & (1 << (bit & 7))) !== 0,
	);
}

/** Adds the keys of another filter of this size. */
export function addAll(filter: Uint8Array, other: Uint8Array): void {
	for (const [index, byte] of other.entries())
		filter[index] = (filter[index] as number) | byte;
}

function bitsOf(filter: Uint8Array, key: string): number[] {
	const mask = filter.length * 8 - 1;
	const first = hash(key, 0x811c9dc5);
	// An odd step reaches every bit, because the size is a power of two.
	const step = hash(key, 0x9747b28c) | 1;
	return Array.from(
		{ length: HASHES },
		(_, number) => (first + Math.imul(number, step)) & mask,
	);
}

/** FNV-1a over UTF-16 units, with the final mix of MurmurHash3, which spreads similar keys. */
function hash(text: string, seed: number): number {
	let value = seed;
	for (let i = 0; i < text.length; i++)
		value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
	value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
	value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
	return (value ^ (value >>> 16)) >>> 0;
}
