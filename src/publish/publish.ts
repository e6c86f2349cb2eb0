/**
 * Publishes events: the queue or the scheduler stores a stamped event before the caller gets its receipt. It runs no
 * handler.
 */
import pMap from "p-map";
import { PartialPublishError, type Receipt } from "../event/errors.ts";
import { shardOf } from "../event/id.ts";
import { CALL_CONCURRENCY } from "../event/limits.ts";
import type { Observe } from "../event/transition.ts";
import { chunks } from "../platform/send-batch.ts";
import type { Ports } from "../ports.ts";
import {
	confirm,
	hasKey,
	type KeyedEvent,
	release,
	reserve,
} from "./idempotency.ts";
import {
	bytesInMessage,
	isLarge,
	recordOf,
	rowOf,
	storeBody,
} from "./record.ts";
import type { PublishRequest } from "./request.ts";
import {
	type StampedEvent,
	type StampPorts,
	stamp,
	stampAll,
} from "./stamp.ts";

type PublishPorts = StampPorts &
	Pick<Ports, "scheduler" | "payloads" | "keys" | "observe">;

/**
 * Publishes one event.
 *
 * @throws RefusedError if the event is invalid; UnavailableError if the queue or the scheduler did not store it
 */
export async function publish(
	request: PublishRequest,
	ports: PublishPorts,
): Promise<Receipt> {
	const stamped = await stamp(request, ports.clock(), ports);
	return hasKey(request)
		? publishOnce({ stamped, request }, ports)
		: publishStamped(stamped, ports);
}

async function publishOnce(
	event: KeyedEvent,
	ports: PublishPorts,
): Promise<Receipt> {
	const [reserved] = await reserve([event], ports);
	if (!reserved || "receipt" in reserved) return reserved?.receipt as Receipt;
	const { stamped, key } = reserved;
	let receipt: Receipt;
	try {
		receipt = await publishStamped(stamped, ports);
	} catch (error) {
		await release([reserved], ports);
		throw error;
	}
	await confirm([{ key, receipt }], ports);
	return receipt;
}

/** @throws UnavailableError if the queue or the scheduler did not store the event */
export async function publishStamped(
	stamped: StampedEvent,
	ports: PublishPorts,
): Promise<Receipt> {
	// A record must not refer to a body that is not stored yet.
	if (isLarge(stamped)) await storeBody(stamped, ports);
	if (stamped.dueAt === undefined)
		await ports.queues.events(stamped.lane).send(recordOf(stamped));
	else await ports.scheduler.store([rowOf(stamped, stamped.dueAt)]);
	report(stamped, ports.observe);
	return receiptOf(stamped);
}

/**
 * Publishes 1 to 1 000 events, up to 10 MB. All events are checked before any is stored.
 *
 * @throws RefusedError with the `index` of the first invalid event; PartialPublishError if some or all were not stored
 */
export async function publishBatch(
	requests: readonly PublishRequest[],
	ports: PublishPorts,
): Promise<Receipt[]> {
	const stampedBatch = await stampAll(requests, ports);
	const { batch, keys } = await reserveAll(stampedBatch, requests, ports);
	const toStore = batch.filter((one) => "head" in one);
	const errors = await storeBatch(toStore, ports);
	const stored = [...keys].filter(([stamped]) => !errors.has(stamped));
	const failed = [...keys].filter(([stamped]) => errors.has(stamped));
	// First: a crash in between must not let stored events be published again.
	await confirm(
		stored.map(([stamped, key]) => ({ key, receipt: receiptOf(stamped) })),
		ports,
	);
	await release(
		failed.map(([stamped, key]) => ({ stamped, key })),
		ports,
	);
	const receipts = batch.map((one) => {
		if (!("head" in one)) return one;
		return errors.has(one) ? null : receiptOf(one);
	});
	if (errors.size === 0) return receipts as Receipt[];
	const [cause] = errors.values();
	throw new PartialPublishError(receipts, { cause });
}

/** Stores stamped events in as few calls as possible. Returns the errors of those that were not stored. */
export async function storeBatch(
	batch: readonly StampedEvent[],
	ports: PublishPorts,
): Promise<Map<StampedEvent, unknown>> {
	const errors = new Map<StampedEvent, unknown>();
	const storeGroup = async (group: readonly StampedEvent[]) => {
		try {
			await store(group, ports);
			for (const stamped of group) report(stamped, ports.observe);
		} catch (error) {
			for (const stamped of group) errors.set(stamped, error);
		}
	};
	await pMap(groupsOf(batch), storeGroup, { concurrency: CALL_CONCURRENCY });
	return errors;
}

/** Returns each event under the id that it must have, or the receipt of its first call; and the reserved keys. */
async function reserveAll(
	stampedBatch: readonly StampedEvent[],
	requests: readonly PublishRequest[],
	ports: PublishPorts,
) {
	const batch: (StampedEvent | Receipt)[] = [...stampedBatch];
	const keys = new Map<StampedEvent, string>();
	const events = stampedBatch.flatMap((stamped, index) => {
		const request = requests[index] as PublishRequest;
		return hasKey(request) ? { stamped, request, index } : [];
	});
	if (events.length === 0) return { batch, keys };
	for (const [n, reserved] of (await reserve(events, ports)).entries()) {
		const { index } = events[n] as { index: number };
		batch[index] = "key" in reserved ? reserved.stamped : reserved.receipt;
		if ("key" in reserved) keys.set(reserved.stamped, reserved.key);
	}
	return { batch, keys };
}

/** Groups the events that one call stores: some of one lane, or all scheduled ones of one shard. */
function groupsOf(batch: readonly StampedEvent[]): StampedEvent[][] {
	const groups = Map.groupBy(batch, ({ head, dueAt, lane }) =>
		dueAt === undefined ? lane : (shardOf(head.id) ?? 0),
	);
	return [...groups.values()].flatMap((events) =>
		events[0]?.dueAt === undefined ? chunks(events, bytesInMessage) : [events],
	);
}

/** @param group one of `groupsOf` */
async function store(
	group: readonly StampedEvent[],
	ports: PublishPorts,
): Promise<void> {
	// A record must not refer to a body that is not stored yet.
	await pMap(group.filter(isLarge), (stamped) => storeBody(stamped, ports), {
		concurrency: CALL_CONCURRENCY,
	});
	const [first] = group as readonly [StampedEvent];
	if (first.dueAt === undefined)
		await ports.queues.events(first.lane).sendBatch(group.map(recordOf));
	else
		await ports.scheduler.store(
			group.map((stamped) => rowOf(stamped, stamped.dueAt as number)),
		);
}

function receiptOf({ head: { id, time, delay } }: StampedEvent): Receipt {
	return { id, time, delay };
}

function report(
	{ head, dueAt, labels: { by, tags } }: StampedEvent,
	observe: Observe,
): void {
	const { id, name: event, time: at } = head;
	const all = { at, id, event, ...(by !== undefined && { by }) };
	if (dueAt === undefined) observe({ type: "published", ...all });
	else observe({ type: "scheduled", ...all, dueAt, ...(tags && { tags }) });
}
