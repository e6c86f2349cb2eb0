/** Bodies of about so many bytes as JSON, which are alike in the queue and very different in memory. */
export const BODIES = {
	/** ASCII, one byte a character in memory as in the queue. */
	text: (bytes: number) => "x".repeat(bytes),
	/** One character that is none of Latin 1, for which all of them have two bytes in memory. */
	wide: (bytes: number) => `漢${"x".repeat(bytes)}`,
	/** What an API gives: a list of small objects. */
	rows: (bytes: number) =>
		Array.from({ length: bytes / 50 }, (_, n) => ({
			id: 1_000_000 + n,
			name: `item-${1_000 + (n % 1_000)}`,
			count: n % 10,
		})),
	/** Three bytes of JSON each that take several times as many when they are parsed. */
	arrays: (bytes: number) => Array.from({ length: bytes / 3 }, () => []),
};

export type BodyKind = keyof typeof BODIES;
