/** `ctx.storage` of a simulated object, as far as Tidings uses it. */
import type { Strike } from "./fate.ts";
import type { SimulatedObject } from "./object.ts";

interface Gate {
	alive: boolean;
	closed<Result>(act: () => Promise<Result>): Promise<Result>;
	kill(): void;
	release(): boolean;
}

type Bound = string | number | null;

/** The runtime refuses an alarm past 2189, in epoch milliseconds. */
const LATEST_ALARM = 6_911_000_000_000;

export function storageOf(object: SimulatedObject, instance: Gate) {
	const { database, platform, name } = object;

	/** Code of an instance that is gone may still run to its next await; it reaches nothing. */
	const living = (): void => {
		if (!instance.alive) throw new Error(`${name} is gone`);
	};

	/** An operation that is awaited: done in the same turn, confirmed when it answers. */
	function awaited<Result>(
		operation: string,
		act: () => Result,
	): Promise<Result> {
		living();
		const may: Strike[] = ["crash_before", "crash_after"];
		const strike = platform.fate.strike(`${name} ${operation}`, may);
		if (strike) platform.tell(strike, `${name} ${operation}`, []);
		const result = act();
		return instance.closed(
			() =>
				new Promise((resolve) => {
					const wait = platform.fate.latency(`${name} storage`) / 4;
					platform.time.after(wait, () => {
						// Unconfirmed, it is lost with all that was written in its turn.
						if (strike === "crash_before") return instance.kill();
						if (!instance.release()) return;
						if (strike === "crash_after") return instance.kill();
						resolve(result);
					});
				}),
		);
	}

	return {
		sql: {
			exec(query: string, ...bound: Bound[]) {
				living();
				return database.exec(query, bound);
			},
		},
		kv: {
			get(key: string): unknown {
				living();
				const [row] = database.all("SELECT value FROM _key WHERE key = ?", [
					key,
				]);
				return row ? JSON.parse(row.value as string) : undefined;
			},
			put(key: string, value: unknown): void {
				living();
				database.run(
					"INSERT INTO _key VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
					...[key, JSON.stringify(value)],
				);
			},
		},
		transactionSync<Result>(act: () => Result): Result {
			living();
			return database.transaction(act);
		},
		getAlarm: () => awaited("getAlarm", () => object.alarm.at),
		setAlarm(at: number): Promise<void> {
			if (!(at <= LATEST_ALARM))
				throw new TypeError(`setAlarm: ${at} is too far away`);
			return awaited("setAlarm", () => object.alarm.set(at));
		},
		deleteAlarm: () => awaited("deleteAlarm", () => object.alarm.delete()),
		deleteAll: () =>
			awaited("deleteAll", () => {
				object.alarm.delete();
				database.clear();
			}),
	};
}
