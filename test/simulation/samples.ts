/** The laws of every instant, checked on samples: a shard with rows has an alarm, and no delivery multiplies. */

import type { Database } from "../../src/testing/platform/database.ts";
import type { Platform } from "../../src/testing/platform/platform.ts";
import { APART, type Violation } from "./invariants.ts";
import type { Ledger } from "./ledger.ts";
import { hasHandlers, QUEUE_NAMES } from "./queues.ts";
import { eventOf, handlerOf, subjectsOf } from "./subjects.ts";

/**
 * Time that a shard may wait for the cron trigger after a fault, in milliseconds. The trigger runs every five minutes,
 * and may fail too.
 */
const TROUBLED = 21 * 60_000;

export function shardsOf(platform: Platform) {
	return [...platform.objects.values()].filter(({ name }) =>
		name.startsWith("Scheduler/"),
	);
}

/** Time that all retries of an alarm take, in milliseconds. An alarm that is overdue by more never fires. */
const OVERDUE = 150_000;

/** Finds idle shards that have rows and no alarm for them, although no fault struck them. */
export function asleep(ledger: Ledger, platform: Platform): Violation[] {
	const { now } = platform.time;
	return shardsOf(platform).flatMap((shard): Violation[] => {
		const { name, database, alarm, isIdle } = shard;
		if (!isIdle || !database.has("scheduled")) return [];
		if (now - (ledger.troubledAt.get(name) ?? 0) < TROUBLED) return [];
		const [row] = database.all("SELECT min(due_at) AS due FROM scheduled");
		const due = row?.due as number | null;
		if (due === null) return [];
		const latest = Math.max(due, now) + APART;
		const { at } = alarm;
		if (at !== null && at <= latest && at > now - APART - OVERDUE) return [];
		const text = `${name} has rows due at ${due - now} ms from now, its alarm ${at === null ? "is not set" : `is set to ${at - now} ms from now`}`;
		return [{ rule: "asleep", text }];
	});
}

/**
 * Finds deliveries or events in more than one waiting message or row. Messages and rows in processing do not count,
 * because their successor may be stored already.
 */
export function multiplied(ledger: Ledger, platform: Platform): Violation[] {
	const counts = new Map<string, number>();
	const count = (subjects: readonly string[]) => {
		for (const subject of subjects)
			counts.set(subject, (counts.get(subject) ?? 0) + 1);
	};
	for (const name of QUEUE_NAMES.filter(hasHandlers))
		for (const { subjects } of platform.queue(name).waiting.values())
			count(subjects);
	for (const { database } of shardsOf(platform))
		if (database.has("scheduled"))
			for (const row of unclaimed(database)) count(subjectsOf(row));
	return [...counts].flatMap(([subject, count]): Violation[] => {
		const [n, handler] = [eventOf(subject), handlerOf(subject)];
		// An event of an app has laws of its own.
		if (count <= 1 || !ledger.entries.has(n)) return [];
		const { extraChains } = ledger.allowances.allowed(n, handler);
		if (count <= 1 + extraChains + ledger.replaysOf(n, handler).length)
			return [];
		const text = `event ${subject} is in ${count} messages and rows`;
		return [{ rule: "multiplied", n, text }];
	});
}

function unclaimed(database: Database) {
	return database.all(
		`SELECT id, handler FROM scheduled WHERE (id, handler) NOT IN (
			SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM claim, json_each(keys))`,
	);
}
