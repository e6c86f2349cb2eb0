/** The queues of the Worker that owns the events, by role and lane, as ports over the queues that a var names. */
import { RefusedError } from "../event/errors.ts";
import { show } from "../event/validation.ts";
import { log } from "./log.ts";
import { type NamedQueue, type QueueRole, sentTo } from "./queue-names.ts";

/** A queue, or several queues of one role. Takes records as text. Rejects if a record was not stored. */
export interface RecordQueue {
	send(record: string, delaySeconds?: number): Promise<void>;
	/** @param records at most one chunk of `platform/send-batch.ts` */
	sendBatch(records: readonly string[]): Promise<void>;
}

export interface BoundQueue extends RecordQueue {
	metrics(): Promise<QueueMetrics>;
}

export interface Queues {
	/** The queue for events of a lane. Events of a lane that no longer exists use the default lane. */
	events(lane?: string): RecordQueue;
	/** The queue for deliveries of a lane's events: the lane's own, else that of the default lane. */
	retries(lane?: string): RecordQueue;
	readonly deadLetters: RecordQueue;
	/** The names of the lanes that accept events. */
	lanes(): readonly string[];
	/** All queues, each with its place in `TIDINGS_QUEUES`. */
	all(): readonly { label: string; queue: BoundQueue }[];
}

/**
 * @param named returns the queues that the var names, read again with each call
 * @param queueOf the port of one queue, by its binding
 */
export function namedQueues(
	named: () => readonly NamedQueue[],
	queueOf: (binding: string) => BoundQueue,
	random: () => number,
): Queues {
	const spreading = (role: QueueRole, lane?: string) =>
		spread(
			() =>
				sentTo(named(), role, lane).map(({ name, binding }) => ({
					name,
					queue: queueOf(binding),
				})),
			random,
		);
	const isSentTo = (role: QueueRole, lane?: string) =>
		sentTo(named(), role, lane).length > 0;
	const knownLane = (lane: string | undefined) => {
		if (lane === undefined || isSentTo("events", lane)) return lane;
		logMissingLane(lane);
		return undefined;
	};
	return {
		events: (lane) => spreading("events", knownLane(lane)),
		retries(lane) {
			const known = knownLane(lane);
			const own = isSentTo("retries", known) ? known : undefined;
			return spreading("retries", own);
		},
		deadLetters: spreading("deadLetters"),
		lanes: () => [
			...new Set(
				named().flatMap(({ lane, role, isDraining }) =>
					lane !== undefined && role === "events" && !isDraining ? lane : [],
				),
			),
		],
		all: () =>
			named().map(({ label, binding }) => ({ label, queue: queueOf(binding) })),
	};
}

interface Destination {
	/** The name of the queue, for the log. */
	name: string;
	queue: RecordQueue;
}

/** Sends a record, or a whole batch, to one of several queues. If that queue rejects it, the next one is tried. */
export function spread(
	destinations: () => readonly Destination[],
	random: () => number,
): RecordQueue {
	const sendTo = async (
		send: (queue: RecordQueue) => Promise<void>,
	): Promise<void> => {
		const all = destinations();
		const place = Math.floor(random() * all.length);
		const first = all[place] as Destination;
		const next = all[(place + 1) % all.length] as Destination;
		if (all.length === 1) return send(first.queue);
		try {
			await send(first.queue);
		} catch (error) {
			log("queue_send_failed", { queue: first.name, error });
			await send(next.queue);
		}
	};
	return {
		send: (record, delaySeconds) =>
			sendTo((queue) => queue.send(record, delaySeconds)),
		sendBatch: (records) => sendTo((queue) => queue.sendBatch(records)),
	};
}

/** @throws RefusedError `unknown_lane` that lists the lanes */
export function checkLane(
	lane: string | undefined,
	{ lanes }: Pick<Queues, "lanes">,
): void {
	if (lane === undefined || lanes().includes(lane)) return;
	throw new RefusedError(
		"unknown_lane",
		`lane: ${show(lane)} is not a lane; use ${lanes().join(", ") || "none: TIDINGS_QUEUES names no lanes"}`,
	);
}

/** Missing lanes that were logged. Records may name any lane, so the memory of them is bounded. */
const missingLanes = new Set<string>();
const MOST_MISSING_LANES = 100;

function logMissingLane(lane: string): void {
	if (missingLanes.has(lane) || missingLanes.size >= MOST_MISSING_LANES) return;
	missingLanes.add(lane);
	log("lane_missing", { lane });
}
