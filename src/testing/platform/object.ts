/**
 * A simulated Durable Object: one instance with an input and an output gate, and one alarm that is dropped after six
 * failed retries. It may crash at any await.
 */
import { Alarm, type AlarmRun } from "./alarm.ts";
import { CALL_STRIKES, callOut } from "./call.ts";
import { Database } from "./database.ts";
import { Instance } from "./instance.ts";
import type { Platform } from "./platform.ts";
import { storageOf } from "./storage.ts";

/** A class that is exported as a Durable Object. */
export type ObjectClass = new (ctx: unknown, env: unknown) => object;

/** Properties of the platform's own errors: the caller may retry. */
const TRANSIENT = { retryable: true };

/** Wall-time limit of an alarm handler, in milliseconds. */
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

	/** Calls a method from outside the object. The arguments and the result are copies. */
	call(method: string, args: readonly unknown[]): Promise<unknown> {
		const subjects = this.platform.subjectsOf([this.name, ...args]);
		return callOut({
			name: `${this.name}.${method}`,
			subjects,
			may: [...CALL_STRIKES, "reset"],
			errorProperties: TRANSIENT,
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

	/** Kills the instance. Its memory and its uncommitted writes are lost. */
	reset(): void {
		this.#instance?.kill();
	}

	/** Loses everything that the object has stored. */
	wipe(): void {
		this.reset();
		this.database.clear();
		this.alarm.delete();
		this.database.commit();
		this.alarm.plan();
	}

	/** Resets the object only if it is idle. */
	evict(): void {
		if (this.isIdle) this.reset();
	}

	/** Whether no call and no alarm is running. */
	get isIdle(): boolean {
		return this.#calls === 0;
	}

	/** Commits the writes. During an outage this may fail, which rolls them back and kills the instance. */
	#confirm(): void {
		if (!this.database.isDirty) return;
		const down = this.platform.isDown(this.name);
		if (down && this.platform.fate.next(`down ${this.name}`) < 0.5)
			this.reset();
		else {
			this.database.commit();
			this.alarm.plan();
			this.platform.committed(this);
		}
	}

	#failIfDown(subjects: readonly string[]): void {
		const { platform, name } = this;
		if (!platform.isDown(name) || platform.fate.next(`down ${name} call`) < 0.5)
			return;
		platform.note("down", name, subjects);
		const says = { ...TRANSIENT, overloaded: true };
		throw Object.assign(new Error(`${name} is overloaded`), says);
	}

	/** Runs a call or an alarm through the gates of the instance. It fails if the instance dies meanwhile. */
	#perform<Result>(
		subjects: readonly string[],
		act: (object: object) => Promise<Result>,
	): Promise<Result> {
		const instance = this.#liveInstance();
		this.#calls++;
		return new Promise<Result>((resolve, reject) => {
			const over = () => {
				this.#calls--;
				forget();
			};
			const forget = instance.onDeath(() => {
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

	/** Returns the live instance, or starts one. @throws what the constructor throws, after it killed the instance */
	#liveInstance(): Instance {
		if (this.#instance?.alive) return this.#instance;
		const label = `${this.name} ~${++this.#instances}`;
		const instance = new Instance(this.platform, label, () => this.#confirm());
		this.#instance = instance;
		instance.onDeath(() => {
			this.database.rollback();
			this.alarm.plan();
			if (this.#instance === instance) this.#instance = undefined;
		});
		const context = {
			id: { name: this.name.slice(this.name.indexOf("/") + 1) },
			storage: storageOf(this, instance),
			// A failure inside resets the object.
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
		const instance = this.#liveInstance();
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

/** Returns an error as RPC transfers it: without its class, but with its name, message and own properties. */
function errorOf(error: unknown): Error {
	if (!(error instanceof Error)) return new Error(String(error));
	const { name, message } = error;
	return Object.assign(new Error(message), { ...error, name });
}
