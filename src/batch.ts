/**
 * The consumers as one batch sees them: its messages ask a Worker together for its handlers, and take turns at
 * calling it, so that one that hangs holds up no message that goes elsewhere.
 */
import pLimit from "p-limit";
import type {
	BatchConsumer,
	BatchConsumers,
	Consumer,
	Consumers,
} from "./contract/call.ts";
import { BATCH_CONCURRENCY } from "./contract/limits.ts";
import type { Routes } from "./contract/route.ts";

export function inBatch(consumers: Consumers): BatchConsumers {
	const views = new Map<Consumer, BatchConsumer>();
	const view = (consumer: Consumer) => {
		const known = views.get(consumer) ?? batchConsumer(consumer);
		views.set(consumer, known);
		return known;
	};
	return {
		get all() {
			return consumers.all.map(view);
		},
		of: (handler) => view(consumers.of(handler)),
	};
}

function batchConsumer(consumer: Consumer): BatchConsumer {
	let asking: Promise<Routes | undefined> | undefined;
	return {
		...consumer,
		routes() {
			asking ??= consumer.routes().finally(() => {
				asking = undefined;
			});
			return asking;
		},
		turn: pLimit(BATCH_CONCURRENCY),
	};
}
