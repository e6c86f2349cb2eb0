/** Which events something is about. An id tells: callers of the simulation write the event's number into it. */

const ID =
	/[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{2}([0-9a-f]{8})[0-9a-f]{2}/g;

/** An id stands near the beginning of whatever holds it. */
const NEAR = 3_000;

/** Where in the bytes of an id the number stands; the byte after it tells the shard. */
const AT = 11;

export function subjectsOf(value: unknown): string[] {
	const found = new Set<string>();
	find(value, found);
	return [...found];
}

function find(value: unknown, found: Set<string>): void {
	if (typeof value === "string")
		for (const [, digits] of value.slice(0, NEAR).matchAll(ID))
			found.add(String(Number.parseInt(digits as string, 16)));
	else if (typeof value === "object" && value !== null)
		for (const part of Object.values(value)) find(part, found);
}

/** Makes random bytes the bytes of an event's id. */
export function number(bytes: Uint8Array, n: number): void {
	new DataView(bytes.buffer).setUint32(AT, n);
}
