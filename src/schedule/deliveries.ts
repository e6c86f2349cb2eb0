/** Lists waiting deliveries, tries one at once and cancels one. It stores and sends nothing itself. */
import { releaseCancelled } from "../dead-letters/resolve.ts";
import { timeOf } from "../event/id.ts";
import {
	attemptOf,
	deliveryId,
	deliveryKeyOf,
	replayOf,
	type StoredDelivery,
	type WaitingDelivery,
} from "../event/scheduled-row.ts";
import { cursorOf, pageSize, positionOf } from "../lists/cursor.ts";
import type { Ports } from "../ports.ts";
import { deliveryFilter } from "./delivery-filter.ts";

interface DeliveryPage {
	deliveries: WaitingDelivery[];
	/** Where the list goes on. A page may be short, or empty, before the last one. Absent on the last page. */
	cursor?: string;
}

/**
 * Lists the waiting deliveries that match a filter, the next attempt first.
 *
 * @throws RefusedError `invalid_request`; UnavailableError
 */
export async function listDeliveries(
	query: {
		q?: string | undefined;
		limit?: number | undefined;
		cursor?: string | undefined;
	},
	{ scheduler, workers, clock }: Pick<Ports, "scheduler" | "workers" | "clock">,
): Promise<DeliveryPage> {
	const filter = deliveryFilter(query.q ?? "", clock());
	const size = pageSize(query.limit);
	const [dueAt, last] = positionOf(query.cursor) ?? [0, ""];
	const after = { dueAt, ...(deliveryKeyOf(last) ?? { id: "", handler: "" }) };
	const { found, end } = await scheduler.listDeliveries(after, filter, size);
	const limits = limitsOf(workers);
	return {
		deliveries: await Promise.all(
			found.map(async (stored) => shown(stored, await limits(stored.handler))),
		),
		...(end && { cursor: cursorOf([end.dueAt, deliveryId(end)]) }),
	};
}

/** Returns null if it does not wait (any more). @throws UnavailableError */
export async function readDelivery(
	id: string,
	{ scheduler, workers }: Pick<Ports, "scheduler" | "workers">,
): Promise<WaitingDelivery | null> {
	const key = deliveryKeyOf(id);
	const stored = key && (await scheduler.findDelivery(key));
	if (!stored) return null;
	return shown(stored, await limitsOf(workers)(stored.handler));
}

function shown(
	{ waiting, id, name, handler, version, dueAt }: StoredDelivery,
	limit: number | null | undefined,
): WaitingDelivery {
	return {
		id: deliveryId({ id, handler }),
		event: { id, name },
		handler,
		...waiting,
		attempt: attemptOf(version),
		...(limit !== undefined && { limit }),
		retryAt: dueAt,
	};
}

/** Returns a function that finds the limit of a handler's policy. It asks each Worker once. */
function limitsOf(workers: Ports["workers"]) {
	const asked = new Map<string, ReturnType<typeof routesOf>>();
	const routesOf = (handler: string) => workers.forHandler(handler).routes();
	return async (handler: string): Promise<number | null | undefined> => {
		const { key } = workers.forHandler(handler);
		const routes = asked.get(key) ?? routesOf(handler);
		asked.set(key, routes);
		return (await routes)?.get(handler)?.policy.limit;
	};
}

/** Tries a waiting delivery now. Returns false if it does not wait (any more). @throws UnavailableError */
export async function retryDelivery(
	id: string,
	{ scheduler, clock, observe }: Pick<Ports, "scheduler" | "clock" | "observe">,
): Promise<boolean> {
	const key = deliveryKeyOf(id);
	// Before the row is due: the attempt that follows must not seem to be earlier.
	const at = clock();
	const event = key && (await scheduler.retryDelivery(key));
	if (!event) return false;
	observe({ type: "rescheduled", at, dueAt: at, ...key, event });
	return true;
}

/**
 * Cancels a waiting delivery. If it belongs to a replay, its dead letter is dead again. Returns false if it does not
 * wait (any more).
 *
 * @throws UnavailableError
 */
export async function cancelDelivery(
	id: string,
	ports: CancelPorts,
): Promise<boolean> {
	const key = deliveryKeyOf(id);
	if (!key) return false;
	const { handler } = key;
	let released = 0;
	for (;;) {
		const found = await ports.scheduler.cancelDelivery({ ...key, released });
		if (!found) return false;
		const { name, version } = found;
		const at = ports.clock();
		const replay = replayOf(version);
		if (replay <= released) {
			ports.observe({ type: "cancelled", at, ...key, event: name });
			return true;
		}
		// `cancelDelivery` changed nothing, because the row belongs to a later replay. Release its dead letter first: after a
		// crash here the delivery still waits, and its outcome decides.
		const event = { id: key.id, name, time: timeOf(key.id) ?? at, delay: 0 };
		const delivery = { handler, replay, attempt: attemptOf(version) };
		await releaseCancelled(event, delivery, ports);
		released = replay;
	}
}

type CancelPorts = Pick<
	Ports,
	"queues" | "scheduler" | "deadLetters" | "clock" | "observe"
>;
