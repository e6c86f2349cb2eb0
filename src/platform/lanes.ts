/** Several queues as one, and the lanes of this Worker: ports over the queues that `TIDINGS_QUEUES` names. */
import type { Lane, Lanes, RecordQueue } from "./lane.ts";
import { type NamedQueue, type QueueRole, sentTo } from "./queue-names.ts";

/**
 * Makes one queue of several. Each call sends to a random queue, so that a batch stays one send. If that queue
 * fails, the next one is tried. The queues are looked up with each send.
 */
export function spread(
	queues: () => readonly RecordQueue[],
	random: () => number,
): RecordQueue {
	const sendToOne = async (
		send: (queue: RecordQueue) => Promise<void>,
	): Promise<void> => {
		const all = queues();
		if (all.length === 1) return send(at(all, 0));
		const place = Math.floor(random() * all.length);
		await send(at(all, place)).catch((error) => {
			console.error("tidings: the next queue is tried", error);
			return send(at(all, place + 1));
		});
	};
	return {
		send: (record, delaySeconds) =>
			sendToOne((queue) => queue.send(record, delaySeconds)),
		sendBatch: (records) => sendToOne((queue) => queue.sendBatch(records)),
	};
}

function at(queues: readonly RecordQueue[], place: number): RecordQueue {
	return queues[place % queues.length] as RecordQueue;
}

/**
 * The ports of this Worker's queues, but for that of dead letters.
 *
 * @param named the queues, looked up with each call
 * @param queueOf the port of one queue, by its binding
 */
export function lanePorts(
	named: () => readonly NamedQueue[],
	queueOf: (binding: string) => RecordQueue,
	random: () => number = () => Math.random(),
): { events: RecordQueue; retries: RecordQueue; lanes: Lanes } {
	const portOf = (role: QueueRole, lane?: string) => {
		const its = latest((all) =>
			sentTo(all, role, lane).map(({ binding }) => queueOf(binding)),
		);
		return spread(() => its(named()), random);
	};
	const lanesOf = latest(
		(all) =>
			new Map(
				namesOf(all).map((lane): [string, Lane] => [lane, laneOf(lane, all)]),
			),
	);
	const laneOf = (lane: string, all: readonly NamedQueue[]): Lane => ({
		events: portOf("events", lane),
		...(sentTo(all, "retries", lane).length > 0 && {
			retries: portOf("retries", lane),
		}),
	});
	return {
		events: portOf("events"),
		retries: portOf("retries"),
		lanes: {
			get: (lane) => lanesOf(named()).get(lane),
			keys: () => lanesOf(named()).keys(),
		},
	};
}

/** The lanes that are sent to. */
function namesOf(named: readonly NamedQueue[]): string[] {
	const lanes = named.flatMap(({ lane, role, isDraining }) =>
		lane !== undefined && role === "events" && !isDraining ? lane : [],
	);
	return [...new Set(lanes)];
}

/** Keeps what was made of the queues that are named, for as long as they stay the same. */
function latest<Made>(
	make: (all: readonly NamedQueue[]) => Made,
): (all: readonly NamedQueue[]) => Made {
	let kept: { all: readonly NamedQueue[]; made: Made } | undefined;
	return (all) => {
		if (!kept || kept.all !== all) kept = { all, made: make(all) };
		return kept.made;
	};
}
