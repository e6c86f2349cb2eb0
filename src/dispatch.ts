/**
 * Step 4: an event to its handlers, one after the other in order of registration. What it cannot settle
 * it throws; then the message comes again and is split.
 */

import { carry } from "./carry.ts";
import { chunks } from "./contract/chunk.ts";
import { type Readable, turnedInto } from "./contract/envelope.ts";
import type { Handler } from "./contract/handler.ts";
import { byteLength } from "./contract/json.ts";
import { buryMissing } from "./dead-letter.ts";
import { type Delivering, readBody, tryOnce } from "./deliver.ts";

/** @param until no handler begins after this, in epoch milliseconds; the rest go on as deliveries */
export async function dispatch(
	event: Readable,
	until: number,
	ports: Delivering,
): Promise<void> {
	const handlers = ports.handlers.matching(event.envelope.name);
	if (handlers.length === 0) return reportIgnored(event, ports);
	const body = await readBody(event, ports);
	if (body === undefined) {
		for (const { id } of handlers) await buryMissing(event, id, ports);
		return;
	}
	for (const [index, handler] of handlers.entries()) {
		if (ports.clock() >= until)
			return split(event, handlers.slice(index), ports);
		const delivery = { handler: handler.id, attempt: 1 };
		const next = await tryOnce(event, handler, body(), delivery, ports);
		if (next) await carry(event, next, ports);
	}
}

/** Gives each handler a delivery of its own, at attempt 1, so that poison harms nobody else. */
export async function split(
	{ envelope, text }: Readable,
	handlers: readonly Handler[],
	{ retries, clock, observe }: Delivering,
): Promise<void> {
	const records = handlers.map(({ id: handler }) =>
		turnedInto(text, { delivery: { handler, attempt: 1 } }),
	);
	for (const batch of chunks(records, (record) => byteLength(record) + 100))
		await retries.sendBatch(batch);
	const { id, name: event } = envelope;
	const ids = handlers.map((handler) => handler.id);
	observe({ type: "split", at: clock(), id, event, handlers: ids });
}

function reportIgnored(
	{ envelope: { id, name: event } }: Readable,
	{ clock, observe }: Delivering,
): void {
	observe({ type: "ignored", at: clock(), id, event });
}
