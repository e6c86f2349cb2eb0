/**
 * The one alarm of a simulated object. Its time is in the object's database, and is written and lost with the rows.
 * The state of its handler belongs to the platform, and survives the object.
 */
import type { Database } from "./database.ts";
import type { Platform } from "./platform.ts";

/** Retries of a handler that throws, and the wait before the first one in milliseconds. Each further wait doubles. */
const RETRIES = 6;
const BACKOFF = 2_000;

/** One call of `setAlarm`. A later call with the same time is another setting. */
interface Setting {
	at: number;
	setting: number;
}

/** The argument of an alarm handler. */
export interface AlarmRun {
	isRetry: boolean;
	retryCount: number;
}

export class Alarm {
	readonly #platform: Platform;
	readonly #name: string;
	readonly #database: Database;
	readonly #run: (run: AlarmRun) => Promise<void>;
	#settings = 0;
	/** Settings whose handler is running. */
	readonly #running = new Set<number>();
	/** Settings that have ended, although their row may still be there. */
	readonly #over = new Set<number>();
	/** Settings that stay in the database and never fire. */
	readonly #stuck = new Set<number>();
	#failures = 0;
	#planned: number | undefined;
	#cancel: (() => void) | undefined;

	/** @param run runs the object's handler */
	constructor(
		platform: Platform,
		name: string,
		database: Database,
		run: (run: AlarmRun) => Promise<void>,
	) {
		this.#platform = platform;
		this.#name = name;
		this.#database = database;
		this.#run = run;
	}

	/** The result of `getAlarm`: null while the handler runs; between retries, the time of the alarm. */
	get at(): number | null {
		const current = this.#current();
		return current && !this.#running.has(current.setting) ? current.at : null;
	}

	/**
	 * Sets the alarm. If the handler sets it to the present or the past, it stays set and never fires, as in production
	 * (cloudflare/workerd#6866).
	 *
	 * @param now the object's own clock
	 */
	set(at: number, now: number): void {
		const setting = ++this.#settings;
		const isStuck = at <= now && this.#running.size > 0;
		if (isStuck && this.#platform.hasStuckAlarms) this.#stuck.add(setting);
		this.#database.run(
			"INSERT OR REPLACE INTO _alarm VALUES (0, ?, ?)",
			at,
			setting,
		);
	}

	delete(): void {
		this.#database.run("DELETE FROM _alarm");
	}

	/** Plans the committed alarm. Called after each commit and each rollback. */
	plan(): void {
		const current = this.#current();
		if (current?.setting === this.#planned) return;
		this.#cancel?.();
		this.#failures = 0;
		this.#planned = current?.setting;
		if (!current || this.#running.has(current.setting)) return;
		if (this.#stuck.has(current.setting))
			this.#platform.note("alarm stuck", this.#name, []);
		else this.#fireAt(current.at, current.setting);
	}

	#current(): Setting | undefined {
		const [row] = this.#database.all("SELECT at, setting FROM _alarm");
		const current = row as unknown as Setting | undefined;
		return current && !this.#over.has(current.setting) ? current : undefined;
	}

	#fireAt(at: number, setting: number): void {
		this.#cancel = this.#platform.time.at(at, () => {
			if (this.#platform.fate.strike(`alarm ${this.#name}`, ["alarm_lost"]))
				return this.#end(setting, "alarm_lost");
			this.#running.add(setting);
			const retryCount = this.#failures;
			this.#run({ isRetry: retryCount > 0, retryCount }).then(
				() => this.#ran(setting),
				() => this.#failed(setting),
			);
		});
	}

	#ran(setting: number): void {
		this.#running.delete(setting);
		this.#end(setting);
	}

	/** Retries the handler, unless it has set or deleted the alarm. */
	#failed(setting: number): void {
		this.#running.delete(setting);
		if (this.#current()?.setting !== setting) return;
		if (this.#failures === RETRIES) this.#end(setting, "alarm given up");
		else {
			const wait = BACKOFF * 2 ** this.#failures++;
			this.#fireAt(this.#platform.time.now + wait, setting);
		}
	}

	#end(setting: number, how?: string): void {
		this.#over.add(setting);
		if (how) this.#platform.note(how, this.#name, []);
	}
}
