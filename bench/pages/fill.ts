/** Fills the objects of the dashboard's Worker with data of a week, directly, because no queue could do so in seconds. */
import { env, exports } from "cloudflare:workers";
import { boundSubscriptions } from "../../src/apps/subscriptions/bound-subscriptions.ts";
import { newSession } from "../../src/dashboard/session.ts";
import {
	deadLetterId,
	type NewDeadLetter,
} from "../../src/event/dead-letter.ts";
import { encodeEvent } from "../../src/event/encode.ts";
import { newId } from "../../src/event/id.ts";
import type { ScheduledRow } from "../../src/event/scheduled-row.ts";
import { countsOf } from "../../src/journal/counters.ts";
import type { Entry, Step } from "../../src/journal/entry.ts";
import { pageOf } from "../../src/journal/page.ts";
import { portsOf } from "../../src/registration.ts";
import { noon, setTime } from "./clock.ts";
import type { Filled, Size } from "./commands.ts";
import { events, HANDLERS, NAMES, RUNG } from "./events.ts";
import type { Journal } from "./worker.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const WEEK = 168 * HOUR;

/** When the pages are opened. */
let start = 0;

/** The id of a dead letter. */
let oldestLetter = "";

/** Of the scheduler. */
const SHARDS = 4;

const objects = exports as unknown as {
	Journal: DurableObjectNamespace<Journal>;
};

/** Rows that one call stores. */
const ROWS = 500;

/** Who looks at the pages. */
const ADMIN = { id: "oncall", scopes: ["admin"], digest: "a".repeat(64) };
(env as { API_KEYS?: string }).API_KEYS = JSON.stringify([ADMIN]);

/** An id in the order of the numbers, so that each run reads the same rows. */
function idOf(time: number, n: number): string {
	const id = newId(time, n % SHARDS);
	const number = n.toString(16).padStart(10, "0");
	return `${id.slice(0, 15)}000-8000-${number}${id.slice(-2)}`;
}

const error = (n: number) => ({
	name: n % 3 === 0 ? "TimeoutError" : "PaymentError",
	message: `card_declined: request ${n} to https://payments.example/v2/charges?expand="customer" was refused & logged`,
	stack: Array.from(
		{ length: 12 },
		(_, line) =>
			`    at charge (file:///app/src/payments/charge-card.ts:${n % 90}:${line})`,
	).join("\n"),
});

const tagsOf = (n: number) => ({
	customer: `c${n % 5_000}`,
	region: ["eu-west", "us-east"][n % 2] as string,
	campaign: "late autumn & early winter",
});

const bodyOf = (n: number) =>
	JSON.stringify({
		orderId: `o-${n}`,
		email: `person${n}@example.com`,
		total: n,
		lines: Array.from({ length: 8 }, (_, line) => ({
			sku: `sku-${line}`,
			count: line,
		})),
	});

const nameOf = (n: number) => NAMES[n % NAMES.length] as string;
const handlerOf = (n: number) => HANDLERS[n % HANDLERS.length] as string;

/** Fills empty objects. Returns an id of each kind, and signs in. */
export async function fill(size: Size): Promise<Filled> {
	const ports = portsOf(events);
	start = noon();
	const journaled = await fillJournal(size.events);
	setTime(start);
	const letters = Array.from({ length: size.deadLetters }, (_, n) =>
		letterOf(n, size.deadLetters),
	);
	for (const some of chunks(letters)) await ports.deadLetters.store(some);
	oldestLetter = letters[0]?.id ?? "";
	const scheduled = await storeRows(size.scheduled, scheduledRow);
	const deliveries = await storeRows(size.deliveries, deliveryRow);
	for (let n = 0; n < size.subscriptions; n++)
		await boundSubscriptions(RUNG).subscribe({
			app: "@pages/guest",
			tool: "hear",
			key: [["number", n]],
		});
	const job = await fillJobs(size.jobs);
	const { id = "", handler = "" } = deliveries[0] ?? {};
	return {
		...journaled,
		cookie: `tidings_session=${await newSession(ADMIN, start)}`,
		deadLetter: letters.at(-1)?.id ?? "",
		scheduled: scheduled[0]?.id ?? "",
		delivery: `${id}:${handler}`,
		job,
	};
}

/** Resolves the oldest dead letter, which counts as a change each time. */
export async function change(): Promise<void> {
	await portsOf(events).deadLetters.resolve(oldestLetter, 0);
}

/** Events of the retention of the journal: as many in each minute, or one in each of fewer minutes. */
async function fillJournal(count: number) {
	const journal = objects.Journal.getByName("journal-0");
	const minutes = WEEK / MINUTE;
	const batch = Math.ceil(count / minutes);
	const batches = Math.ceil(count / batch);
	const stored: Parameters<Journal["fill"]>[0][number][] = [];
	let oldestEvent = "";
	let latestEvent = "";
	for (let n = 0; n < batches; n++) {
		const time =
			start - Math.floor(((batches - 1 - n) / batches) * (WEEK - HOUR));
		const entries = Array.from({ length: batch }, (_, k) =>
			entryOf(n * batch + k, time),
		);
		oldestEvent ||= entries[0]?.id ?? "";
		latestEvent = entries.at(-1)?.id ?? "";
		stored.push({
			at: time,
			page: await pageOf(entries),
			counts: countsOf(entries),
		});
		if (stored.length === ROWS || n === batches - 1)
			await journal.fill(stored.splice(0));
	}
	return { oldestEvent, latestEvent };
}

/** Every fiftieth event has a failure, as of a bad week. */
function entryOf(n: number, time: number): Entry {
	const startedAt = time - 40;
	const delivered = {
		type: "delivered",
		at: time,
		attempt: 1,
		startedAt,
	} as const;
	const failed = n % 50 === 0;
	const steps = HANDLERS.map(
		(handler, index): Step =>
			failed && index === 2
				? {
						type: "dead",
						at: time,
						attempt: 1,
						startedAt,
						handler,
						cause: "exhausted",
						error: error(n),
					}
				: { ...delivered, handler },
	);
	return {
		id: idOf(time, n),
		name: nameOf(n),
		time: time - 50,
		queuedMs: 8,
		tags: tagsOf(n),
		steps,
		...(failed && { body: bodyOf(n) }),
	};
}

/** Over the 90 days for which dead letters are stored, the latest last. */
function letterOf(n: number, count: number): NewDeadLetter {
	const time = start - (count - n) * Math.floor((12 * WEEK) / count);
	const id = idOf(time, n);
	const handler = handlerOf(n);
	return {
		id: deadLetterId(id, handler),
		head: { id, name: nameOf(n), time, delay: 0, tags: tagsOf(n) },
		body: bodyOf(n),
		handler,
		cause: "exhausted",
		error: error(n),
		attempts: 11,
		firstFailureAt: time,
		lastFailureAt: time + HOUR,
	};
}

async function storeRows(
	count: number,
	rowOf: (n: number) => ScheduledRow,
): Promise<ScheduledRow[]> {
	const rows = Array.from({ length: count }, (_, n) => rowOf(n));
	for (let shard = 0; shard < SHARDS; shard++)
		for (const some of chunks(rows.filter((_, n) => n % SHARDS === shard)))
			await portsOf(events).scheduler.store(some);
	return rows;
}

/** Due in the next week. */
function scheduledRow(n: number): ScheduledRow {
	const dueAt = start + HOUR + ((n * 7_919) % (WEEK / 1_000)) * 1_000;
	const head = {
		id: idOf(start, n),
		name: nameOf(n),
		time: start,
		delay: dueAt - start,
	};
	const record = encodeEvent(head, { text: bodyOf(n) }, { tags: tagsOf(n) });
	return {
		id: head.id,
		handler: "",
		name: head.name,
		dueAt,
		version: 0,
		reference: null,
		record,
	};
}

function deliveryRow(n: number): ScheduledRow {
	const { name, message } = error(n);
	return {
		...scheduledRow(n),
		handler: handlerOf(n),
		version: 3,
		waiting: {
			state: "retrying",
			at: start,
			firstAttemptAt: start - HOUR,
			error: { name, message },
			tags: tagsOf(n),
		},
	};
}

/** Jobs that were stopped at once, because none may change the data. */
async function fillJobs(count: number): Promise<string> {
	const { jobs } = portsOf(events);
	let id = "";
	for (let n = 0; n < count; n++) {
		id = `job-${String(n).padStart(4, "0")}`;
		const q = `name:order.** tag.customer:c${n} since:90d`;
		await jobs.start({ id, action: "discard", q, count: 9, by: "oncall" });
		await jobs.stop(id);
	}
	return id;
}

function chunks<Item>(items: readonly Item[]): Item[][] {
	return Array.from({ length: Math.ceil(items.length / ROWS) }, (_, n) =>
		items.slice(n * ROWS, (n + 1) * ROWS),
	);
}
