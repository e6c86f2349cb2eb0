/** Calls a Worker for one handler, or for all of its handlers that an event goes to. */
import { type EventHead, hasBody } from "../event/envelope.ts";
import { serializeError } from "../event/failure.ts";
import { MAX_TIMEOUT } from "../event/limits.ts";
import type { AttemptOutcome, Outcome } from "../event/outcome.ts";
import type { Call, HandlerWorker } from "../handlers/call.ts";
import type { Route } from "../handlers/route.ts";
import { log } from "../platform/log.ts";
import { decide } from "./decide.ts";
import { firstDelivery } from "./next-delivery.ts";
import { type ConsumePorts, type IncomingEvent, settle } from "./settle.ts";
import { split } from "./settle-message.ts";

/** Runs one handler. An outcome that was reported counts, even if the call is cut off after it. */
export async function callOne(
	{ id, name }: Pick<EventHead, "id" | "name">,
	worker: HandlerWorker,
	handler: Call["handlers"][number],
	record: string,
	host?: object,
): Promise<AttemptOutcome> {
	let reported: AttemptOutcome | undefined;
	const call = { record, handlers: [handler], within: MAX_TIMEOUT };
	try {
		await worker.run(
			call,
			async (_, outcome) => {
				// A Worker that reports twice is broken: its handler has ended with the first report.
				if (outcome.type !== "not_started") reported ??= outcome;
			},
			host,
		);
		return reported ?? crashed(new Error("the call ended without an outcome"));
	} catch (error) {
		const handlers = [handler.deliveryHandler];
		const { key } = worker;
		log("call_cut_off", { event: id, name, worker: key, handlers, error });
		return reported ?? crashed(error);
	}
}

/** The outcome of a call that was cut off. */
export function crashed(error: unknown): AttemptOutcome {
	return { type: "crashed", error: serializeError(error) };
}

/**
 * Runs all of a Worker's handlers that match an event, in one call. Each outcome is settled as soon as it is reported.
 * A handler without an outcome gets a message of its own.
 *
 * @param record the event's record as JSON text, with its body
 * @param until no handler starts after this, in epoch milliseconds
 * @throws UnavailableError if a delivery could be stored nowhere
 */
export async function callAll(
	event: IncomingEvent,
	record: string,
	worker: HandlerWorker,
	routes: readonly Route[],
	until: number,
	ports: ConsumePorts,
): Promise<void> {
	const inProgress = new CallInProgress(event, routes, ports);
	const { envelope } = event;
	// The decoded event can be used if its body was neither loaded nor dropped by `queue.ts`.
	const isWhole = envelope.reference === undefined && hasBody(envelope);
	const call = {
		record,
		...(isWhole && { decoded: envelope }),
		handlers: routes.map(({ id, handler, timeout }) => ({
			deliveryHandler: id,
			handler,
			attempt: 1,
			timeout,
		})),
		within: until - ports.clock(),
	};
	try {
		await worker.run(call, (id, outcome) => inProgress.report(id, outcome));
	} catch (error) {
		const { id, name } = envelope;
		const handlers = routes.map((route) => route.id);
		log("call_cut_off", {
			event: id,
			name,
			worker: worker.key,
			handlers,
			error,
		});
	}
	await inProgress.end();
}

/** Collects the outcomes of one call while it runs. */
class CallInProgress {
	readonly #event: IncomingEvent;
	readonly #ports: ConsumePorts;
	/** Handlers without an outcome yet. At the end of the call each gets a message of its own. */
	readonly #open: Map<string, Route>;
	/** Handlers whose outcome could not be stored. They get a message of their own, too. */
	readonly #unsettled: Route[] = [];
	readonly #settling = new Set<Promise<void>>();
	/** When the handler that runs now started, in epoch milliseconds. */
	#startedAt: number;

	constructor(
		event: IncomingEvent,
		routes: readonly Route[],
		ports: ConsumePorts,
	) {
		this.#event = event;
		this.#open = new Map(routes.map((route) => [route.id, route]));
		this.#ports = ports;
		this.#startedAt = ports.clock();
	}

	/** @throws Error for a handler that is not a part of the call or has ended, or whose outcome could not be settled */
	async report(id: string, outcome: Outcome): Promise<void> {
		const route = this.#open.get(id);
		if (!route)
			throw new Error(
				`tidings: ${id} is not a part of this call, or has ended`,
			);
		if (outcome.type === "not_started") return;
		this.#open.delete(id);
		const settling = this.#settle(route, outcome);
		this.#settling.add(settling);
		try {
			await settling;
		} finally {
			this.#settling.delete(settling);
			this.#startedAt = this.#ports.clock();
		}
	}

	async #settle(route: Route, result: AttemptOutcome): Promise<void> {
		const startedAt = this.#startedAt;
		const delivery = firstDelivery(this.#event, route.id);
		const { policy } = route;
		const fate = decide(
			{ result, delivery, policy, startedAt },
			this.#ports.clock(),
			this.#ports.random(),
		);
		try {
			await settle(this.#event, delivery, fate, startedAt, this.#ports);
		} catch (error) {
			const { id, name } = this.#event.envelope;
			log("outcome_not_settled", { event: id, name, handler: route.id, error });
			this.#unsettled.push(route);
			throw error;
		}
	}

	/** Ends the call. Nothing that is reported later counts. */
	async end(): Promise<void> {
		const open = [...this.#open.values()];
		this.#open.clear();
		// Outcomes that were reported before the call was cut off may still be settling.
		if (this.#settling.size > 0) await Promise.allSettled(this.#settling);
		const left = [...this.#unsettled, ...open];
		if (left.length > 0) await split(this.#event, left, this.#ports);
	}
}
