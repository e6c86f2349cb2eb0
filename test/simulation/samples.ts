/** The laws that hold at every instant, judged of samples: no shard sleeps on its rows, no delivery multiplies. */
import { decode } from "../../src/contract/envelope.ts";
import { APART, type Violation } from "./invariants.ts";
import type { Ledger } from "./ledger.ts";
import type { Platform } from "./platform/platform.ts";
import { subjectsOf } from "./subjects.ts";

/** After a trouble of its own a shard may wait for the cron trigger, every five minutes, which may die as well. */
const TROUBLED = 21 * 60_000;

export function shardsOf(platform: Platform) {
	return [...platform.objects.values()].filter(({ name }) =>
		name.startsWith("Scheduler/"),
	);
}

/** Shards with rows that are at work on nothing and have no alarm in time, though nothing happened to them. */
export function asleep(ledger: Ledger, platform: Platform): Violation[] {
	const { now } = platform.time;
	return shardsOf(platform).flatMap((shard): Violation[] => {
		const { name, database, alarm, isIdle } = shard;
		if (!isIdle || !database.has("held")) return [];
		if (now - (ledger.troubledAt.get(name) ?? 0) < TROUBLED) return [];
		const [held] = database.all("SELECT min(due_at) AS due FROM held");
		const due = held?.due as number | null;
		if (due === null) return [];
		const latest = Math.max(due, now) + APART;
		if (alarm.at !== null && alarm.at <= latest) return [];
		const text = `${name} has rows due at ${due - now} ms from now, its alarm ${alarm.at === null ? "is not set" : `stands at ${alarm.at - now} ms`}`;
		return [{ rule: "asleep", text }];
	});
}

/** Messages that carry deliveries, at one instant: a chain never becomes two by itself. */
export function multiplied(ledger: Ledger, platform: Platform): Violation[] {
	const counts = new Map<string, number>();
	const { waiting, underWay } = platform.queue("retries");
	for (const { body } of [...waiting.values(), ...underWay]) {
		const decoded = decode(body);
		if (decoded.kind !== "envelope") continue;
		const { id, delivery } = decoded.envelope;
		const key = `${subjectsOf(id)} ${delivery?.handler}`;
		counts.set(key, (counts.get(key) ?? 0) + 1);
	}
	return [...counts].flatMap(([key, count]): Violation[] => {
		const n = Number(key.split(" ")[0]);
		const excuses = ledger.entries.get(n)?.excuses.length ?? Infinity;
		if (count <= 1 + excuses + ledger.replaysOf(n)) return [];
		return [
			{ rule: "multiplied", n, text: `event ${key} is in ${count} messages` },
		];
	});
}
