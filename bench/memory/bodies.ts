/** Bodies of a number of bytes as JSON. Their size in memory differs. */
export const BODIES = {
	/** ASCII: one byte for each character in memory. */
	text: (bytes: number) => "x".repeat(bytes),
	/** One character is not Latin-1, so V8 stores two bytes for each character. */
	wide: (bytes: number) => `漢${"x".repeat(bytes)}`,
	/** A list of small objects, as an API returns it. */
	rows: (bytes: number) =>
		Array.from({ length: bytes / 50 }, (_, n) => ({
			id: 1_000_000 + n,
			name: `item-${1_000 + (n % 1_000)}`,
			count: n % 10,
		})),
	/** Empty arrays: three bytes of JSON each, several times as many when parsed. */
	arrays: (bytes: number) => Array.from({ length: bytes / 3 }, () => []),
};

export type BodyKind = keyof typeof BODIES;
