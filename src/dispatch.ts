/**
 * Step 4: an event to its handlers: all Workers beside each other, each in one call that names all of its
 * handlers. What it cannot settle it throws; then the message comes again and is split.
 */
import { awaitHandler, awaitWorker } from "./await.ts";
import { buryMissing } from "./bury.ts";
import { carry, firstOf, sendFirst } from "./carry.ts";
import type { BatchConsumer, Consumer } from "./contract/call.ts";
import type { Delivery, Readable } from "./contract/envelope.ts";
import type { TidingsEvent } from "./contract/handler.ts";
import type { Report } from "./contract/outcome.ts";
import { isOfApp } from "./contract/pattern.ts";
import { idOfAll, type Route } from "./contract/route.ts";
import { inNameOf } from "./contract/trigger.ts";
import {
	ACK,
	type BatchDelivering,
	type Delivering,
	recordFor,
	type Travelled,
	type Verdict,
} from "./deliver.ts";
import { reportDelivered, settle } from "./settle.ts";

/** What is done with an event and those handlers of a Worker that it calls; at least one. */
type Act = (consumer: Consumer, routes: readonly Route[]) => Promise<void>;

/** @param until no handler begins after this, in epoch milliseconds; the rest go on as deliveries */
export async function dispatch(
	event: Readable,
	message: Pick<Travelled, "attempts">,
	until: number,
	ports: BatchDelivering,
): Promise<Verdict> {
	const act = actOn(event, message, until, ports);
	// A Worker that does not answer, or is slow, holds up only what is its own.
	const calls = ports.consumers.all.map((consumer) =>
		toHandlers(event, consumer, undefined, act, ports),
	);
	// All have begun, and none rejects: one after the other takes less of the CPU than Promise.allSettled.
	const ends: Called[] = [];
	for (const call of calls) ends.push(await call);
	for (const end of ends) if (end.type === "failed") throw end.error;
	const isIgnored = ends.every(({ type }) => type === "ignored");
	if (isIgnored) reportIgnored(event, undefined, ports);
	return ACK;
}

/** A delivery that names its Worker alone, which may have told its handlers since. */
export async function dispatchTo(
	consumer: BatchConsumer,
	event: Readable,
	delivery: Delivery,
	message: Travelled,
	until: number,
	ports: Delivering,
): Promise<void> {
	const act = actOn(event, message, until, ports);
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
	event: Readable,
	{ attempts }: Pick<Travelled, "attempts">,
	until: number,
	ports: Delivering,
): Act {
	if (attempts > 1) return (_, routes) => split(event, routes, ports);
	if (isPlain(event))
		return (consumer, routes) =>
			runAll(event, event.text, consumer, routes, until, ports);
	// Those who are called at the same time share what is read; it is not kept for those whose turn is later.
	let reading: Promise<string | undefined> | undefined;
	let readers = 0;
	return async (consumer, routes) => {
		readers++;
		try {
			reading ??= recordFor(event, ports);
			const record = await reading;
			if (record !== undefined)
				return await runAll(event, record, consumer, routes, until, ports);
			for (const { id } of routes) await buryMissing(event, id, ports);
		} finally {
			readers--;
			if (readers === 0) reading = undefined;
		}
	};
}

/** Whether it is, as most are, a record that its handlers get as it is. */
function isPlain({ envelope: { name, reference } }: Readable): boolean {
	return reference === undefined && !isOfApp(name);
}

type Called =
	| { type: "called" }
	/** None of the Worker's handlers is for it. */
	| { type: "ignored" }
	| { type: "failed"; error: unknown };

/** Never rejects. */
async function toHandlers(
	event: Readable,
	consumer: BatchConsumer,
	delivery: Delivery = { handler: idOfAll(consumer.key), attempt: 1 },
	act: Act,
	ports: Delivering,
): Promise<Called> {
	try {
		const routes = await consumer.routes();
		const called = routes?.matching(event.envelope.name);
		if (called?.length === 0) return { type: "ignored" };
		await consumer.turn(event, () =>
			called ? act(consumer, called) : awaitWorker(event, delivery, ports),
		);
		return { type: "called" };
	} catch (error) {
		return { type: "failed", error };
	}
}

/**
 * One call; each handler is settled as it is reported. What is not reported, or could not be settled, goes on
 * alone.
 */
async function runAll(
	event: Readable,
	record: string,
	consumer: Consumer,
	routes: readonly Route[],
	until: number,
	ports: Delivering,
): Promise<void> {
	const open = new Map(routes.map((route) => [route.id, route]));
	const settling: Promise<void>[] = [];
	const left: Route[] = [];
	let beganAt = ports.clock();
	const handlers = routes.map(({ id: delivery, handler, timeout }) => ({
		delivery,
		handler,
		attempt: 1,
		timeout,
	}));
	const within = until - beganAt;
	const { envelope } = event;
	const inName = inNameOf(envelope.name);
	const call = {
		record,
		...(isPlain(event) &&
			"body" in envelope && { parsed: envelope as TidingsEvent }),
		handlers,
		within,
		...(inName && { inName }),
	};
	try {
		await consumer.run(call, (id, report) => {
			const route = open.get(id);
			if (!route) throw new Error(`tidings: ${id} is reported too late`);
			if (report.type === "not_begun") return;
			open.delete(id);
			if (report.type === "delivered") {
				beganAt = ports.clock();
				return reportDelivered(envelope, firstOf(event, id), beganAt, ports);
			}
			const settled = settleFirst(event, route, report, beganAt, ports);
			settling.push(
				settled.catch((error) => {
					console.error(`tidings: the end of ${id} was not taken`, error);
					left.push(route);
				}),
			);
			return settled.finally(() => {
				beganAt = ports.clock();
			});
		});
	} catch (error) {
		console.error(`tidings: the call to ${consumer.key} was cut off`, error);
	}
	left.push(...open.values());
	// From now on they are deliveries of their own, and nothing that is still reported counts.
	open.clear();
	// What was reported before the call was cut off may still be on its way.
	if (settling.length > 0) await Promise.all(settling);
	if (left.length > 0) await split(event, left, ports);
}

async function settleFirst(
	event: Readable,
	{ id, policy }: Route,
	report: Exclude<Report, { type: "not_begun" }>,
	beganAt: number,
	ports: Delivering,
): Promise<void> {
	const delivery = firstOf(event, id);
	if (report.type === "unknown") return awaitHandler(event, delivery, ports);
	const next = await settle(event, delivery, policy, report, beganAt, ports);
	if (next) await carry(event, next, ports);
}

/** Gives each handler a delivery of its own, at attempt 1, so that poison harms nobody else. */
async function split(
	event: Readable,
	routes: readonly Route[],
	ports: Delivering,
): Promise<void> {
	const handlers = routes.map((route) => route.id);
	const first = handlers.map((handler) => firstOf(event, handler));
	await sendFirst(event, first, ports);
	const { id, name } = event.envelope;
	const at = ports.clock();
	ports.observe({ type: "split", at, id, event: name, handlers });
}

function reportIgnored(
	{ envelope: { id, name: event } }: Readable,
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
