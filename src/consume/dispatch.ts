/**
 * Step 4: an event to its handlers: all Workers beside each other, each in one call that names all of its
 * handlers. What it cannot settle it throws; then the message comes again and is split.
 */

import { buryMissing } from "../dead-letters/bury.ts";
import {
	type Awaitable,
	all,
	andThen,
	recovering,
} from "../event/awaitable.ts";
import type { Delivery, ReceivedEvent } from "../event/envelope.ts";
import type { Runner } from "../handlers/call.ts";
import { allHandlersId, type Route } from "../handlers/route.ts";
import { awaitWorker } from "./await.ts";
import { callAll, isPlain, split } from "./call-worker.ts";
import type { Batch, BatchConsumer } from "./concurrency.ts";
import {
	ACK,
	type Delivering,
	recordFor,
	type Travelled,
	type Verdict,
} from "./deliver.ts";

/** What is done with an event and those handlers of a Worker that it calls; at least one. */
type Act = (consumer: Runner, routes: readonly Route[]) => Awaitable<void>;

export function dispatch(
	event: ReceivedEvent,
	message: Pick<Travelled, "attempts">,
	batch: Batch,
	ports: Delivering,
): Awaitable<Verdict> {
	const act = actOn(event, message, batch, ports);
	// A Worker that does not answer, or is slow, holds up only what is its own.
	const calls = batch.consumers.map((consumer) =>
		toHandlers(event, consumer, undefined, act, ports),
	);
	return andThen(all(calls), (ends) => {
		for (const end of ends) if (end.type === "failed") throw end.error;
		const isIgnored = ends.every(({ type }) => type === "ignored");
		if (isIgnored) reportIgnored(event, undefined, ports);
		return ACK;
	});
}

/** A delivery that names its Worker alone, which may have told its handlers since. */
export async function dispatchTo(
	consumer: BatchConsumer,
	event: ReceivedEvent,
	delivery: Delivery,
	message: Travelled,
	batch: Batch,
	ports: Delivering,
): Promise<void> {
	const act = actOn(event, message, batch, ports);
	const end = await toHandlers(event, consumer, delivery, act, ports);
	switch (end.type) {
		case "ignored":
			return reportIgnored(event, delivery.handler, ports);
		case "failed":
			throw end.error;
	}
}

/** An event that comes again may be poison: none of its handlers is run beside another. */
function actOn(
	event: ReceivedEvent,
	{ attempts }: Pick<Travelled, "attempts">,
	{ until }: Batch,
	ports: Delivering,
): Act {
	if (attempts > 1) return (_, routes) => split(event, routes, ports);
	if (isPlain(event))
		return (consumer, routes) =>
			callAll(event, event.text, consumer, routes, until, ports);
	// Those who are called at the same time share what is read; it is not kept for those whose turn is later.
	let reading: Promise<string | undefined> | undefined;
	let readers = 0;
	return async (consumer, routes) => {
		readers++;
		try {
			reading ??= recordFor(event, ports);
			const record = await reading;
			if (record !== undefined)
				return await callAll(event, record, consumer, routes, until, ports);
			for (const { id } of routes) await buryMissing(event, id, ports);
		} finally {
			readers--;
			if (readers === 0) reading = undefined;
		}
	};
}

type Called =
	| { type: "called" }
	/** None of the Worker's handlers is for it. */
	| { type: "ignored" }
	| { type: "failed"; error: unknown };

const CALLED: Called = { type: "called" };
const IGNORED: Called = { type: "ignored" };

/** Never throws or rejects. */
function toHandlers(
	event: ReceivedEvent,
	consumer: BatchConsumer,
	delivery: Delivery | undefined,
	act: Act,
	ports: Delivering,
): Awaitable<Called> {
	return recovering(
		() =>
			andThen(consumer.routes(), (routes) => {
				if (!routes) return awaiting(event, consumer, delivery, ports);
				const called = routes.matching(event.envelope.name);
				if (called.length === 0) return IGNORED;
				const acting = consumer.turns.take(event, () => act(consumer, called));
				return andThen(acting, () => CALLED);
			}),
		(error): Called => ({ type: "failed", error }),
	);
}

async function awaiting(
	event: ReceivedEvent,
	{ key, turns }: BatchConsumer,
	delivery: Delivery = { handler: allHandlersId(key), attempt: 1 },
	ports: Delivering,
): Promise<Called> {
	await turns.take(event, () => awaitWorker(event, delivery, ports));
	return CALLED;
}

function reportIgnored(
	{ envelope: { id, name: event } }: ReceivedEvent,
	handler: string | undefined,
	{ clock, observe }: Delivering,
): void {
	const at = clock();
	observe({
		type: "ignored",
		at,
		id,
		event,
		...(handler !== undefined && { handler }),
	});
}
