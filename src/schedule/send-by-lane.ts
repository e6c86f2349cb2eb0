/**
 * Sends a batch of records of several lanes. A failing lane must not stop the flush of the others, and no record that
 * its lane has accepted may be sent again because another lane failed.
 */
import { laneOf } from "../event/envelope.ts";
import { log } from "../platform/log.ts";
import type { Queues, RecordQueue } from "../platform/queues.ts";
import type { FlushQueue } from "./flush.ts";

/**
 * Returns a queue for one flush. If a lane's queue rejects a record, the default lane carries it, and all further
 * records of that lane.
 *
 * @param within limits the time of one send
 */
export function sendingByLane(
	queueOf: (lane?: string) => RecordQueue,
	{ lanes }: Pick<Queues, "lanes">,
	within: (sending: Promise<void>) => Promise<void>,
): FlushQueue {
	const failed = new Set<string>();
	const send = (records: readonly string[], lane?: string) =>
		within(queueOf(lane).sendBatch(records));
	const sendInLane = async (records: readonly string[], lane: string) => {
		try {
			await send(records, lane);
		} catch (error) {
			log("lane_send_failed", { lane, error });
			failed.add(lane);
			await send(records);
		}
	};
	return {
		async sendBatch(records, accepted) {
			const known = lanes();
			const groups = Map.groupBy(records, (record) => {
				const lane = laneOf(record);
				const isUsable =
					lane !== undefined && known.includes(lane) && !failed.has(lane);
				return isUsable ? lane : undefined;
			});
			// All settle first: what failed is sent again, and none of it may still be on its way then.
			const sent = await Promise.allSettled(
				[...groups].map(async ([lane, group]) => {
					await (lane === undefined ? send(group) : sendInLane(group, lane));
					accepted(group);
				}),
			);
			for (const end of sent) if (end.status === "rejected") throw end.reason;
		},
	};
}
