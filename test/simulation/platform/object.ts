/**
 * A simulated Durable Object: one instance with an input and an output gate, one alarm that is dropped after six
 * failed retries, and a crash at any await.
 */
import { Alarm, type AlarmRun } from "./alarm.ts";
import { CALL_STRIKES, callOut } from "./call.ts";
import { Database } from "./database.ts";
import { Instance } from "./instance.ts";
import type { Platform } from "./platform.ts";
import { storageOf } from "./storage.ts";

/** A class that is exported as a Durable Object. */
export type ObjectClass = new (ctx: unknown, env: unknown) => object;

/** What errors of the platform's own say of themselves: that the call may be made again. */
const TRANSIENT = { retryable: true };

/** An alarm's handler has a quarter of an hour. */
const WALL_TIME = 15 * 60_000;

export class SimulatedObject {
	readonly database = new Database();
	readonly platform: Platform;
	readonly name: string;
	readonly alarm: Alarm;
	readonly #class: () => ObjectClass;
	#instances = 0;
	#instance: Instance | undefined;
	#calls = 0;

	constructor(platform: Platform, name: string, ofClass: () => ObjectClass) {
		this.platform = platform;
		this.name = name;
		this.#class = ofClass;
		this.alarm = new Alarm(platform, name, this.database, (run) =>
			this.#runAlarm(run),
		);
	}

	/** A call from elsewhere, with a copy of what it is given, that answers with a copy. */
	call(method: string, args: readonly unknown[]): Promise<unknown> {
		const subjects = this.platform.subjectsOf([this.name, ...args]);
		return callOut({
			name: `${this.name}.${method}`,
			subjects,
			may: [...CALL_STRIKES, "reset"],
			says: TRANSIENT,
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
		if (this.isIdle) this.reset();
	}

	/** Whether nothing is under way. */
	get isIdle(): boolean {
		return this.#calls === 0;
	}

	/** What was written is on disk; or, where that fails, it is gone and so is the instance. */
	#confirm(): void {
		if (!this.database.isDirty) return;
		const down = this.platform.isDown(this.name);
		if (down && this.platform.fate.next(`down ${this.name}`) < 0.5)
			this.reset();
		else {
			this.database.commit();
			this.alarm.plan();
		}
	}

	#failIfDown(subjects: readonly string[]): void {
		const { platform, name } = this;
		if (!platform.isDown(name) || platform.fate.next("down") < 0.5) return;
		platform.note("down", name, subjects);
		const says = { ...TRANSIENT, overloaded: true };
		throw Object.assign(new Error(`${name} is overloaded`), says);
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
				this.platform.note("call lost", this.name, subjects);
				reject(Object.assign(new Error(`${this.name} was reset`), TRANSIENT));
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

	/** @throws what its constructor throws; then it is gone */
	#living(): Instance {
		if (this.#instance?.alive) return this.#instance;
		const label = `${this.name} ~${++this.#instances}`;
		const instance = new Instance(this.platform, label, () => this.#confirm());
		this.#instance = instance;
		instance.mourn(() => {
			this.database.rollback();
			this.alarm.plan();
			if (this.#instance === instance) this.#instance = undefined;
		});
		const context = {
			id: { name: this.name.split("/")[1] },
			storage: storageOf(this, instance),
			// What fails in there resets the object.
			blockConcurrencyWhile: (act: () => Promise<unknown>) =>
				instance.closed(act).catch(() => instance.kill()),
			waitUntil: () => {},
			abort: () => instance.kill(),
		};
		const Class = this.#class();
		try {
			instance.object = instance.run(() => new Class(context, {}));
		} catch (error) {
			instance.kill();
			throw errorOf(error);
		}
		return instance;
	}

	async #runAlarm(run: AlarmRun): Promise<void> {
		this.#failIfDown([]);
		const instance = this.#living();
		const stop = this.platform.time.after(WALL_TIME, () => instance.kill());
		try {
			await this.#perform([], async (object) =>
				(object as { alarm(run: AlarmRun): Promise<void> }).alarm(run),
			);
		} finally {
			stop();
		}
	}
}

/** An error as it arrives on the other side of a call: no class, but its name, message and own members. */
function errorOf(error: unknown): Error {
	if (!(error instanceof Error)) return new Error(String(error));
	const { name, message } = error;
	return Object.assign(new Error(message), { ...error, name });
}
