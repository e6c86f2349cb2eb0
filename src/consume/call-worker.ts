/**
 * Step 4: one call of a Worker, for all of its handlers that an event goes to. Each is settled as it is reported;
 * what is not reported, or could not be settled, goes on alone.
 */

import { inNameOf } from "../apps/webhooks/trigger.ts";
import {
	type Awaitable,
	all,
	andThen,
	recovering,
} from "../event/awaitable.ts";
import type { ReceivedEvent } from "../event/envelope.ts";
import { isReservedName } from "../event/name.ts";
import type { Report } from "../event/outcome.ts";
import type { Runner } from "../handlers/call.ts";
import type { TidingsEvent } from "../handlers/handler.ts";
import type { Route } from "../handlers/route.ts";
import { awaitHandler } from "./await.ts";
import type { Delivering } from "./deliver.ts";
import {
	enqueueFirstAttempts,
	enqueueRetry,
	firstDelivery,
} from "./requeue.ts";
import { reportDelivered, settle } from "./settle.ts";

/**
 * @param record the event's, with its body in it
 * @param until no handler begins after this, in epoch milliseconds
 */
export function callAll(
	event: ReceivedEvent,
	record: string,
	consumer: Runner,
	routes: readonly Route[],
	until: number,
	ports: Delivering,
): Awaitable<void> {
	const { envelope } = event;
	const beganAt = ports.clock();
	const underWay = new UnderWay(event, routes, beganAt, ports);
	const isParsed = isPlain(event) && "body" in envelope;
	const call = {
		record,
		parsed: isParsed ? (envelope as TidingsEvent) : undefined,
		handlers: routes.map(({ id: delivery, handler, timeout }) => ({
			delivery,
			handler,
			attempt: 1,
			timeout,
		})),
		within: until - beganAt,
		inName: inNameOf(envelope.name),
	};
	const running = recovering(
		() => consumer.run(call, (id, report) => underWay.take(id, report)),
		(error) =>
			console.error(`tidings: the call to ${consumer.key} was cut off`, error),
	);
	return andThen(running, () => underWay.end());
}

/** Whether it is, as most are, a record that its handlers get as it is. */
export function isPlain({
	envelope: { name, reference },
}: ReceivedEvent): boolean {
	return reference === undefined && !isReservedName(name);
}

/** Gives each handler a delivery of its own, at attempt 1, so that poison harms nobody else. */
export async function split(
	event: ReceivedEvent,
	routes: readonly Route[],
	ports: Delivering,
): Promise<void> {
	const handlers = routes.map((route) => route.id);
	const first = handlers.map((handler) => firstDelivery(event, handler));
	await enqueueFirstAttempts(event, first, ports);
	const { id, name } = event.envelope;
	const at = ports.clock();
	ports.observe({ type: "split", at, id, event: name, handlers });
}

/** What has been reported of a call so far. */
class UnderWay {
	readonly #event: ReceivedEvent;
	readonly #ports: Delivering;
	/** What is not reported yet; mostly the first of them is the next. */
	readonly #open: Route[];
	readonly #settling: Promise<void>[] = [];
	readonly #left: Route[] = [];
	/** When the handler began that runs now, in epoch milliseconds. */
	#beganAt: number;

	constructor(
		event: ReceivedEvent,
		routes: readonly Route[],
		beganAt: number,
		ports: Delivering,
	) {
		this.#event = event;
		this.#open = [...routes];
		this.#beganAt = beganAt;
		this.#ports = ports;
	}

	take(id: string, report: Report): Awaitable<void> {
		const at = this.#open.findIndex((route) => route.id === id);
		const route = this.#open[at];
		if (!route) throw new Error(`tidings: ${id} is reported too late`);
		if (report.type === "not_begun") return;
		this.#open.splice(at, 1);
		if (report.type !== "delivered") return this.#settle(route, report);
		this.#beganAt = this.#ports.clock();
		const delivery = firstDelivery(this.#event, id);
		const { envelope } = this.#event;
		reportDelivered(envelope, delivery, this.#beganAt, this.#ports);
	}

	async #settle(
		route: Route,
		report: Exclude<Report, { type: "not_begun" }>,
	): Promise<void> {
		const settled = settleFirst(
			this.#event,
			route,
			report,
			this.#beganAt,
			this.#ports,
		);
		this.#settling.push(
			settled.catch((error) => {
				console.error(`tidings: the end of ${route.id} was not taken`, error);
				this.#left.push(route);
			}),
		);
		try {
			await settled;
		} finally {
			this.#beganAt = this.#ports.clock();
		}
	}

	/** The call is over: what is left are deliveries of their own, and nothing that is still reported counts. */
	end(): Awaitable<void> {
		this.#left.push(...this.#open.splice(0));
		// What was reported before the call was cut off may still be on its way.
		return andThen(all(this.#settling), () => {
			if (this.#left.length > 0)
				return split(this.#event, this.#left, this.#ports);
		});
	}
}

async function settleFirst(
	event: ReceivedEvent,
	{ id, policy }: Route,
	report: Exclude<Report, { type: "not_begun" }>,
	beganAt: number,
	ports: Delivering,
): Promise<void> {
	const delivery = firstDelivery(event, id);
	if (report.type === "unknown") return awaitHandler(event, delivery, ports);
	const next = await settle(event, delivery, policy, report, beganAt, ports);
	if (next) await enqueueRetry(event, next, ports);
}
