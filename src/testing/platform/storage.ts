/** `ctx.storage` of a simulated object: the methods that Tidings uses. */

import type { Work } from "./isolate.ts";
import type { SimulatedObject } from "./object.ts";
import type { Strike } from "./strike.ts";

/** The instance whose storage this is. */
interface Gate {
	alive: boolean;
	readonly broken: Error | undefined;
	readonly work: Work;
	breakDown(why: Error): void;
	closed<Result>(act: () => Promise<Result>): Promise<Result>;
	kill(): void;
	release(): boolean;
}

type Bound = string | number | null | Uint8Array;

/** The latest alarm that the runtime accepts, in epoch milliseconds: the end of 2188. */
const LATEST_ALARM = 6_911_000_000_000;

/** Share of storage operations that fail during an outage. */
const DOWN = 0.2;

/** Faults that can occur in every storage operation. */
const FAILURES = ["storage_failed", "storage_broken"] as const;

export function storageOf(object: SimulatedObject, instance: Gate) {
	const { database, platform, name } = object;

	/** Code of a dead instance may still run to its next await. Its storage operations must fail. */
	const checkAlive = (): void => {
		if (!instance.alive) throw new Error(`${name} is gone`);
		if (instance.broken) throw instance.broken;
	};

	/** Throws if the operation has a storage fault, or if it fails at random during an outage. */
	function fail(operation: string, strike: Strike | undefined): void {
		const drawn = strike ?? outage();
		if (drawn !== "storage_failed" && drawn !== "storage_broken") return;
		const isBroken = drawn === "storage_broken";
		// If the storage breaks, the note about the death of the instance lists the calls.
		const calls = isBroken ? [] : instance.work.calls;
		const subjects = new Set(calls.flatMap((call) => call.subjects));
		platform.note(drawn, name, [...subjects], { operation, calls });
		if (isBroken) lose(new Error("disk I/O error: SQLITE_IOERR"));
		throw new Error(`${operation} failed: internal error`);
	}

	/** Draws whether an operation fails because of an outage of the object. */
	function outage(): (typeof FAILURES)[number] | undefined {
		const point = `down ${name} storage`;
		if (!platform.isDown(name)) return undefined;
		if (platform.fate.next(point) >= DOWN) return undefined;
		return FAILURES[platform.fate.next(point) < 0.5 ? 0 : 1];
	}

	/** Rolls back all uncommitted writes, and breaks the instance. */
	function lose(why: Error): never {
		database.rollback();
		instance.breakDown(why);
		throw why;
	}

	/** Runs a synchronous operation. */
	function now<Result>(operation: string, act: () => Result): Result {
		checkAlive();
		fail(operation, platform.fate.strike(`${name} ${operation}`, FAILURES));
		try {
			return act();
		} catch (error) {
			if (database.isLost) lose(error as Error);
			throw error;
		}
	}

	/** Runs an asynchronous operation: it is performed in the same tick, and committed when it resolves. */
	async function awaited<Result>(
		operation: string,
		act: () => Result,
	): Promise<Result> {
		checkAlive();
		const may: Strike[] = ["crash_before", "crash_after", ...FAILURES];
		const strike = platform.fate.strike(`${name} ${operation}`, may);
		fail(operation, strike);
		if (strike) platform.note(strike, `${name} ${operation}`, []);
		const result = act();
		return instance.closed(
			() =>
				new Promise((resolve) => {
					const wait = platform.fate.latency(`${name} storage`) / 4;
					platform.time.after(wait, () => {
						// The commit did not happen, so all writes of the tick are lost.
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
			get databaseSize(): number {
				return database.size;
			},
			exec(query: string, ...bound: Bound[]) {
				return now("exec", () => database.exec(query, bound));
			},
		},
		kv: {
			get(key: string): unknown {
				const [row] = now("get", () =>
					database.all("SELECT value FROM _key WHERE key = ?", [key]),
				);
				return row ? JSON.parse(row.value as string) : undefined;
			},
			put(key: string, value: unknown): void {
				now("put", () =>
					database.run(
						"INSERT INTO _key VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
						key,
						JSON.stringify(value),
					),
				);
			},
			delete(key: string): boolean {
				const query = "DELETE FROM _key WHERE key = ? RETURNING key";
				const { rowsWritten } = now("delete", () =>
					database.exec(query, [key]),
				);
				return rowsWritten > 0;
			},
		},
		transactionSync<Result>(act: () => Result): Result {
			checkAlive();
			// A fault of `transactionSync` itself occurs at its end, and rolls it back.
			return database.transaction(() => {
				const result = act();
				return now("transactionSync", () => result);
			});
		},
		getAlarm: () => awaited("getAlarm", () => object.alarm.at),
		setAlarm(at: number): Promise<void> {
			if (!(at <= LATEST_ALARM))
				throw new TypeError(`setAlarm: ${at} is too far away`);
			return awaited("setAlarm", () => object.alarm.set(at, Date.now()));
		},
		deleteAlarm: () => awaited("deleteAlarm", () => object.alarm.delete()),
		deleteAll: () =>
			awaited("deleteAll", () => {
				object.alarm.delete();
				database.clear();
			}),
	};
}
