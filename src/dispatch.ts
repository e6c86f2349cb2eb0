/**
 * Step 4: an event to its handlers, one after the other in order of registration. What it cannot settle
 * it throws; then the message comes again and is split.
 */
import { readBody } from "./body.ts";
import { buryMissing } from "./bury.ts";
import { carry, holdDelivery } from "./carry.ts";
import { chunks } from "./contract/chunk.ts";
import { type Readable, turnedInto } from "./contract/envelope.ts";
import type { Handler } from "./contract/handler.ts";
import { byteLength } from "./contract/json.ts";
import { type Delivering, tryOnce } from "./deliver.ts";

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

/** An event that comes again may be poison: none of its handlers is run beside another. */
export async function dispatchAlone(
	event: Readable,
	ports: Delivering,
): Promise<void> {
	const handlers = ports.handlers.matching(event.envelope.name);
	if (handlers.length === 0) return reportIgnored(event, ports);
	await split(event, handlers, ports);
}

/**
 * Gives each handler a delivery of its own, at attempt 1, so that poison harms nobody else. What the queue
 * does not take the scheduler does, whose upsert keeps a second split from multiplying it.
 */
async function split(
	event: Readable,
	handlers: readonly Handler[],
	ports: Delivering,
): Promise<void> {
	const deliveries = handlers.map(({ id: handler }) => {
		const delivery = { handler, attempt: 1 };
		return { delivery, record: turnedInto(event.text, { delivery }) };
	});
	const bytesOf = ({ record }: { record: string }) => byteLength(record) + 100;
	for (const batch of chunks(deliveries, bytesOf)) {
		try {
			await ports.retries.sendBatch(batch.map(({ record }) => record));
		} catch (error) {
			console.error("tidings: the retries queue took no deliveries", error);
			for (const { delivery } of batch)
				await holdDelivery(event, delivery, 0, ports);
		}
	}
	reportSplit(event, handlers, ports);
}

function reportSplit(
	{ envelope: { id, name: event } }: Readable,
	handlers: readonly Handler[],
	{ clock, observe }: Delivering,
): void {
	const ids = handlers.map((handler) => handler.id);
	observe({ type: "split", at: clock(), id, event, handlers: ids });
}

function reportIgnored(
	{ envelope: { id, name: event } }: Readable,
	{ clock, observe }: Delivering,
): void {
	observe({ type: "ignored", at: clock(), id, event });
}
