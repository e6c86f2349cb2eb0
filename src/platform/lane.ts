/**
 * Lanes: queues of their own for events that must not wait behind others. An event's lane stands in its
 * envelope; one that is gone loses nothing, for what names it goes by the default lane.
 */
import { laneOf } from "../event/envelope.ts";
import { RefusedError } from "../event/errors.ts";

/** A queue, or several as one, taking records as text. Rejects when it does not hold them. */
export interface RecordQueue {
	send(record: string, delaySeconds?: number): Promise<void>;
	/** At most what `chunks` puts into one batch. */
	sendBatch(records: readonly string[]): Promise<void>;
}

export interface Lane {
	events: RecordQueue;
	/** Absent where its retries go by the common queue. */
	retries?: RecordQueue;
}

/** The lanes that there are, by name; the default one has none. */
export type Lanes = Pick<ReadonlyMap<string, Lane>, "get" | "keys">;

/** @throws RefusedError `unknown_lane`, with the lanes that there are */
export function checkLane(lane: string | undefined, lanes: Lanes): void {
	if (lane === undefined || lanes.get(lane)) return;
	const names = [...lanes.keys()].join(", ");
	throw new RefusedError(
		"unknown_lane",
		`lane ${JSON.stringify(lane)}: there is ${names || "none"}: name one of TIDINGS_QUEUES, or none for the default lane`,
	);
}

/** Where events of a lane are sent that waited since it was asked for. */
export function eventsQueue<Queue extends Pick<RecordQueue, "send">>(
	lane: string | undefined,
	{ events, lanes }: { events: Queue; lanes: Lanes },
): Queue | RecordQueue {
	return inLane(lane, lanes)?.events ?? events;
}

/** Where deliveries of a lane's events are sent. */
export function retriesQueue<Queue extends Pick<RecordQueue, "send">>(
	lane: string | undefined,
	{ retries, lanes }: { retries: Queue; lanes: Lanes },
): Queue | RecordQueue {
	return inLane(lane, lanes)?.retries ?? retries;
}

/** Lanes that were told to be gone; a bounded number, for anybody may have written a record. */
const gone = new Set<string>();

function inLane(lane: string | undefined, lanes: Lanes): Lane | undefined {
	if (lane === undefined) return undefined;
	const found = lanes.get(lane);
	if (!found && !gone.has(lane) && gone.size < 100) {
		gone.add(lane);
		console.warn(
			`tidings: there is no lane ${JSON.stringify(lane)} any more: its events go by the default lane`,
		);
	}
	return found;
}

/**
 * Sends a batch whose records may be of several lanes. What a lane does not take goes by the default one, as does
 * all that follows of that lane: no lane may hold up the hand-over of the others.
 *
 * @param queueOf where records of a lane are sent, or of the default one
 * @param within bounds the time of a send
 */
export function byLane(
	queueOf: (lane?: string) => Pick<RecordQueue, "sendBatch">,
	within: (sending: Promise<void>) => Promise<void>,
): RecordQueue["sendBatch"] {
	const main = queueOf();
	const failed = new Set<string>();
	const send = (records: readonly string[], queue = main) =>
		within(queue.sendBatch(records));
	const sendIn = (lane: string, records: readonly string[]) =>
		send(records, queueOf(lane)).catch((error) => {
			console.error(
				`tidings: the lane ${lane} takes nothing: its events go by the default lane`,
				error,
			);
			failed.add(lane);
			return send(records);
		});
	const laneApart = (record: string) => {
		const lane = laneOf(record);
		const isApart =
			lane !== undefined && !failed.has(lane) && queueOf(lane) !== main;
		return isApart ? lane : undefined;
	};
	return async (records) => {
		const groups = Map.groupBy(records, laneApart);
		// All of them to their end: what fails is sent again, and nothing of it may still be on its way then.
		const ends = await Promise.allSettled(
			[...groups].map(([lane, group]) =>
				lane === undefined ? send(group) : sendIn(lane, group),
			),
		);
		for (const end of ends) if (end.status === "rejected") throw end.reason;
	};
}
