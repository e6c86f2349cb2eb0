/**
 * A Durable Object as documented: one instance behind an input gate, writes that leave through an output gate,
 * one alarm that is gone after six failed retries, and an instance that may be gone at any await.
 */
import { callOut } from "./call.ts";
import { Database } from "./database.ts";
import { Isolate } from "./isolate.ts";
import type { Platform } from "./platform.ts";
import { storageOf } from "./storage.ts";

/** A class that is exported as a Durable Object. */
export type ObjectClass = new (ctx: unknown, env: unknown) => object;

/** An alarm whose handler throws is tried again so often, the first time after so many milliseconds, doubling. */
const ALARM_RETRIES = 6;
const ALARM_BACKOFF = 2_000;

/** An alarm's handler has a quarter of an hour. */
const WALL_TIME = 15 * 60_000;

interface Alarm {
	/** What it was set to, which stands as long as its handler is tried again. */
	at: number;
	/** When its handler runs next. */
	fires: number;
	/** How often its handler has failed. */
	failures: number;
	/** Which run of a handler it is in the middle of; 0 when it waits for its time. */
	run: number;
}

/** An instance: it lives until it is evicted, dies or is reset; its record outlives it. */
class Instance extends Isolate {
	object: object | undefined;
	readonly record: SimulatedObject;
	#closed = 0;
	readonly #waiting: (() => void)[] = [];

	constructor(platform: Platform, record: SimulatedObject) {
		super(platform, `${record.name} ~${++record.instances}`);
		this.record = record;
	}

	/** While it awaits its own storage, nothing else comes in. */
	async closed<Result>(act: () => Promise<Result>): Promise<Result> {
		this.#closed++;
		try {
			return await act();
		} finally {
			this.#closed--;
			this.platform.time.after(0, () => this.#next());
		}
	}

	override resume(act: () => void): void {
		if (!this.alive) return;
		if (this.#closed > 0 || this.#waiting.length > 0) this.#waiting.push(act);
		else act();
	}

	override release(): boolean {
		if (this.record.database.isDirty) this.record.confirm();
		return this.alive;
	}

	#next(): void {
		if (this.#closed > 0 || !this.alive) return;
		this.#waiting.shift()?.();
		if (this.#waiting.length > 0)
			this.platform.time.after(0, () => this.#next());
	}
}

export class SimulatedObject {
	readonly database = new Database();
	readonly platform: Platform;
	readonly name: string;
	instances = 0;
	readonly #class: () => ObjectClass;
	#instance: Instance | undefined;
	#calls = 0;
	#cancelAlarm: (() => void) | undefined;
	#plan: string | undefined;
	#runs = 0;

	constructor(platform: Platform, name: string, ofClass: () => ObjectClass) {
		this.platform = platform;
		this.name = name;
		this.#class = ofClass;
	}

	/** A call from elsewhere, with a copy of what it is given, that answers with a copy. */
	call(method: string, args: readonly unknown[]): Promise<unknown> {
		const subjects = this.platform.subjectsOf([this.name, ...args]);
		return callOut({
			name: `${this.name}.${method}`,
			subjects,
			may: [
				"crash_before",
				"crash_after",
				"refused",
				"lied",
				"hung_before",
				"hung_after",
				"reset",
				"slow",
			],
			perform: (strike) => {
				if (strike === "reset") this.reset();
				this.#failIfDown(subjects);
				return this.#perform(subjects, async (object) => {
					const act = (object as Record<string, unknown>)[method];
					if (typeof act !== "function")
						throw new TypeError(`${this.name} has no method ${method}`);
					return structuredClone(
						await act.apply(object, structuredClone(args)),
					);
				});
			},
		});
	}

	/** Loses its memory, and what it had not confirmed. */
	reset(): void {
		this.#instance?.kill();
	}

	/** Loses its memory only if nothing is under way. */
	evict(): void {
		if (this.#calls === 0) this.reset();
	}

	/** What was written is on disk; or, where that fails, it is gone and so is the instance. */
	confirm(): void {
		const down = this.platform.isDown(this.name);
		if (down && this.platform.fate.next(`down ${this.name}`) < 0.5)
			this.reset();
		else {
			this.database.commit();
			this.#planAlarm();
		}
	}

	get alarm(): Alarm | undefined {
		const [row] = this.database.all(
			"SELECT at, fires, failures, run FROM _alarm",
		);
		return row as Alarm | undefined;
	}

	/** Whether nothing is under way. */
	get isIdle(): boolean {
		return this.#calls === 0;
	}

	#failIfDown(subjects: readonly string[]): void {
		const { platform, name } = this;
		if (!platform.isDown(name) || platform.fate.next("down") < 0.5) return;
		platform.tell("down", name, subjects);
		throw new Error(`${name} is overloaded`);
	}

	/** Something that an instance does, through its gates; it fails when the instance dies meanwhile. */
	#perform<Result>(
		subjects: readonly string[],
		act: (object: object) => Promise<Result>,
	): Promise<Result> {
		const instance = this.#living();
		this.#calls++;
		return new Promise<Result>((resolve, reject) => {
			const over = () => {
				this.#calls--;
				forget();
			};
			const forget = instance.mourn(() => {
				over();
				this.platform.tell("call lost", this.name, subjects);
				reject(new Error(`${this.name} was reset`));
			});
			instance.resume(() =>
				instance
					.run(() => act(instance.object as object))
					.then(
						(result) => leave(() => resolve(result)),
						(error) => leave(() => reject(errorOf(error))),
					),
			);
			const leave = (settle: () => void) => {
				if (!instance.alive || !instance.release()) return;
				over();
				settle();
			};
		});
	}

	#living(): Instance {
		if (this.#instance?.alive) return this.#instance;
		const instance = new Instance(this.platform, this);
		this.#instance = instance;
		instance.mourn(() => {
			this.database.rollback();
			this.#planAlarm();
			if (this.#instance === instance) this.#instance = undefined;
		});
		instance.run(() => {
			const context = {
				storage: storageOf(this, instance),
				// What fails in there resets the object.
				blockConcurrencyWhile: (act: () => Promise<unknown>) =>
					instance.closed(act).catch(() => instance.kill()),
				waitUntil: () => {},
				abort: () => instance.kill(),
			};
			const Class = this.#class();
			instance.object = new Class(context, {});
		});
		return instance;
	}

	/** Fires what is confirmed on disk, and nothing else. */
	#planAlarm(): void {
		if (this.database.isDirty) return;
		const { alarm } = this;
		const plan = alarm && `${alarm.fires} ${alarm.run} ${alarm.failures}`;
		if (plan === this.#plan) return;
		this.#cancelAlarm?.();
		this.#plan = plan;
		if (!alarm || alarm.run > 0) return;
		this.#cancelAlarm = this.platform.time.at(alarm.fires, () => this.#fire());
	}

	#fire(): void {
		const { database, platform } = this;
		this.#plan = undefined;
		if (platform.fate.strike(`alarm ${this.name}`, ["alarm_lost"])) {
			platform.tell("alarm_lost", this.name, []);
			database.run("DELETE FROM _alarm");
			database.commit();
			return;
		}
		const run = ++this.#runs;
		database.run("UPDATE _alarm SET run = ?", run);
		database.commit();
		this.#fired().then(
			() => this.#fell(run, "succeeded"),
			() => this.#fell(run, "failed"),
		);
	}

	async #fired(): Promise<void> {
		this.#failIfDown([]);
		const instance = this.#living();
		if (this.isIdle) instance.sent.clear();
		const stop = this.platform.time.after(WALL_TIME, () => instance.kill());
		try {
			await this.#perform([], async (object) =>
				(object as { alarm(): Promise<void> }).alarm(),
			);
		} finally {
			stop();
		}
	}

	/** A run is over. One that set a new alarm, or took it away, has said itself what comes next. */
	#fell(run: number, end: "succeeded" | "failed"): void {
		const { database, platform, alarm } = this;
		if (alarm?.run !== run) return;
		if (end === "failed" && alarm.failures < ALARM_RETRIES)
			database.run(
				"UPDATE _alarm SET run = 0, failures = failures + 1, fires = ?",
				platform.time.now + ALARM_BACKOFF * 2 ** alarm.failures,
			);
		else database.run("DELETE FROM _alarm");
		if (end === "failed" && alarm.failures === ALARM_RETRIES)
			platform.tell("alarm given up", this.name, []);
		database.commit();
		this.#planAlarm();
	}
}

/** An error as it arrives on the other side of a call: no class, but its name, message and own members. */
function errorOf(error: unknown): Error {
	if (!(error instanceof Error)) return new Error(String(error));
	const { name, message } = error;
	return Object.assign(new Error(message), { ...error, name });
}
