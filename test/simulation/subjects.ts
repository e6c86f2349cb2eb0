/**
 * Subjects of notes: an event as its number, a delivery as `number:handler`. The callers of the simulation write the
 * number into the event's id. The product does not read it.
 */

const ID =
	/[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{2}([0-9a-f]{8})[0-9a-f]{2}(?::([\w/*@#>-]+))?/g;

/** The beginning of a record. */
const RECORD = '{"v":1,';

/** Where the number stands in the random bytes of an id: `uuid` copies these bytes to the same place in the id. */
const AT = 11;

export function subjectsOf(value: unknown): string[] {
	const found = new Set<string>();
	find(value, found);
	return [...found];
}

/** The subject of one event, or of one of its deliveries. */
export function subjectOf(n: number, handler = ""): string {
	return handler === "" ? String(n) : `${n}:${handler}`;
}

export function eventOf(subject: string): number {
	return Number.parseInt(subject, 10);
}

/** Empty for a whole event. */
export function handlerOf(subject: string): string {
	return subject.slice(String(eventOf(subject)).length + 1);
}

/** Returns the handler that stands for all handlers of the same Worker. Undefined for a handler of the owner. */
export function allOf(handler: string): string | undefined {
	const end = handler.indexOf("/");
	return end < 0 ? undefined : `${handler.slice(0, end)}/*`;
}

/** Returns the name of the scheduler shard that stores an event. */
export function shardOf(id: string): string {
	return `Scheduler/shard-${Number.parseInt(id.slice(-2), 16)}`;
}

function find(value: unknown, found: Set<string>): void {
	if (typeof value === "string") {
		if (value.startsWith(RECORD)) findInRecord(value, found);
		else findIds(value, undefined, found);
	} else if (
		typeof value === "object" &&
		value !== null &&
		!ArrayBuffer.isView(value)
	) {
		const { id, handler, record, handlers } = value as Record<string, unknown>;
		// A row or a dead letter. Its other members are about the same delivery.
		if (typeof id === "string" && typeof handler === "string")
			findIds(id, handler, found);
		// A call of another Worker, for some of its handlers.
		else if (typeof record === "string" && Array.isArray(handlers))
			for (const { deliveryHandler } of handlers)
				findIds(JSON.parse(record).id, deliveryHandler, found);
		else for (const part of Object.values(value)) find(part, found);
	}
}

function findInRecord(text: string, found: Set<string>): void {
	const { id, delivery, deadLetter } = JSON.parse(text);
	findIds(String(id), (delivery ?? deadLetter)?.handler, found);
}

function findIds(
	text: string,
	handler: string | undefined,
	found: Set<string>,
): void {
	for (const [, digits, after] of text.matchAll(ID)) {
		const n = Number.parseInt(digits as string, 16);
		found.add(subjectOf(n, handler ?? after));
	}
}

/**
 * Writes the number of an event into the random bytes of its id.
 *
 * @param id the offset of those bytes
 */
export function number(bytes: Uint8Array, id: number, n: number): void {
	new DataView(bytes.buffer).setUint32(id + AT, n);
}
