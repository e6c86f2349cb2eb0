/**
 * Counts the alarms, row writes and sends of one object over the last hour, so that a loop of alarms is noticed. It
 * stores nothing: an object that leaves the memory is not in a loop.
 */
import type { ShardFigures } from "../event/scheduled-row.ts";

const MINUTE = 60_000;
const MINUTES = 60;

type Activity = ShardFigures["lastHour"];

const NONE: Activity = { wakeUps: 0, rowsWritten: 0, sent: 0 };

export class ActivityCounter {
	/** By the start of the minute, the earliest first. */
	readonly #minutes = new Map<number, Activity>();

	add(kind: keyof Activity, count = 1): void {
		if (count === 0) return;
		const minute = Math.floor(Date.now() / MINUTE);
		const counts = this.#minutes.get(minute) ?? { ...NONE };
		counts[kind] += count;
		this.#minutes.set(minute, counts);
		if (this.#minutes.size > MINUTES) this.#forget(minute);
	}

	lastHour(): Activity {
		this.#forget(Math.floor(Date.now() / MINUTE));
		return sumOf([...this.#minutes.values()]);
	}

	#forget(now: number): void {
		for (const minute of this.#minutes.keys())
			if (minute <= now - MINUTES) this.#minutes.delete(minute);
	}
}

export function sumOf(all: readonly Activity[]): Activity {
	return all.reduce(
		(sum, one) => ({
			wakeUps: sum.wakeUps + one.wakeUps,
			rowsWritten: sum.rowsWritten + one.rowsWritten,
			sent: sum.sent + one.sent,
		}),
		NONE,
	);
}

/** The storage that tables and alarms use. */
export type ObjectStorage = Pick<
	DurableObjectStorage,
	"transactionSync" | "getAlarm" | "setAlarm" | "deleteAlarm"
> & { readonly sql: Pick<SqlStorage, "exec"> };

/** A storage whose row writes are counted. */
export function countingStorage(
	storage: DurableObjectStorage,
	activity: ActivityCounter,
): ObjectStorage {
	const exec: SqlStorage["exec"] = (...args) => {
		const cursor = storage.sql.exec(...args);
		// Statements that write have written when exec returns, also those that return rows.
		activity.add("rowsWritten", cursor.rowsWritten);
		return cursor as never;
	};
	return {
		sql: { exec },
		transactionSync: (act) => storage.transactionSync(act),
		getAlarm: () => storage.getAlarm(),
		setAlarm(at) {
			activity.add("rowsWritten");
			return storage.setAlarm(at);
		},
		deleteAlarm() {
			activity.add("rowsWritten");
			return storage.deleteAlarm();
		},
	};
}
