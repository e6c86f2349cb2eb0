/**
 * The simulated platform: time, draws, queues, objects and isolates. It must not know Tidings, so the Worker defines
 * which events a message is about.
 */
import "./globals.ts";
import type { Fate } from "./fate.ts";
import { Invocation } from "./invocation.ts";
import type { Isolate } from "./isolate.ts";
import { type ObjectClass, SimulatedObject } from "./object.ts";
import { SimulatedQueue } from "./queue.ts";
import { Service } from "./service.ts";
import { Time } from "./time.ts";
import type { Note, SimulatedWorker } from "./worker.ts";
import { WorkerIsolate } from "./worker-isolate.ts";

/** Largest error of an isolate's clock, in milliseconds, either way. */
export const MOST_SKEW = 29_500;

/** Most isolates that accept new invocations. */
const MOST_ISOLATES = 4;

/** Share of invocations that run in an existing isolate of their deploy, if there is one. */
const SHARED = 0.6;

export class Platform {
	readonly time: Time;
	readonly fate: Fate;
	readonly env: Record<string, unknown>;
	readonly exports: Record<string, unknown>;
	readonly queues: Map<string, SimulatedQueue>;
	readonly hasStuckAlarms: boolean;
	readonly duplicateDelay: number;
	readonly objects = new Map<string, SimulatedObject>();
	/** Error of all clocks, in milliseconds. The fault `clock` sets it. */
	clockOffset = 0;
	/** Whether queues start no batch. */
	isHeld = false;
	/** Number of concurrent outages, by name. The name of a class applies to all of its objects. */
	readonly #down = new Map<string, number>();
	readonly #worker: SimulatedWorker;
	readonly #listen: (note: Note) => void;
	/** The latest clock reading of all isolates with the same `home`. */
	readonly #furthest = new Map<string, number>();
	readonly #services: readonly Service[];
	#isolates: WorkerIsolate[] = [];
	/** Isolates that accept no new invocation and still have batches or requests in progress. */
	#leaving: WorkerIsolate[] = [];
	#count = 0;

	constructor(
		worker: SimulatedWorker,
		fate: Fate,
		start: number,
		listen: (note: Note) => void,
	) {
		this.#worker = worker;
		this.fate = fate;
		this.time = new Time(start);
		this.hasStuckAlarms = worker.hasStuckAlarms ?? true;
		this.duplicateDelay = worker.duplicateDelay ?? 30;
		this.#listen = listen;
		this.queues = new Map(
			Object.entries(worker.queues).map(([name, settings]) => [
				name,
				new SimulatedQueue(this, name, settings),
			]),
		);
		this.env = { ...worker.vars };
		for (const [name, { binding }] of Object.entries(worker.queues))
			this.env[binding] = this.queue(name).producer;
		this.#services = Object.entries(worker.services ?? {}).map(
			([binding, { name, deployed, env }]) => {
				const service = new Service(this, name, deployed, env);
				this.env[binding] = service.stub;
				return service;
			},
		);
		this.exports = Object.fromEntries(
			Object.keys(worker.objects).map((name) => [
				name,
				{ getByName: (object: string) => this.#stub(name, object) },
			]),
		);
	}

	queue(name: string): SimulatedQueue {
		const queue = this.queues.get(name);
		if (!queue) throw new Error(`there is no queue ${name}`);
		return queue;
	}

	object(className: string, name: string): SimulatedObject {
		const key = `${className}/${name}`;
		let object = this.objects.get(key);
		if (!object) {
			const ofClass = this.#worker.objects[className] as () => ObjectClass;
			object = new SimulatedObject(this, key, ofClass);
			this.objects.set(key, object);
		}
		return object;
	}

	readonly subjectsOf = (value: unknown): string[] =>
		this.#worker.subjectsOf(value);

	readonly committed = (object: SimulatedObject): void =>
		this.#worker.committed?.(object);

	readonly isDown = (name: string): boolean =>
		[name, name.split("/")[0] as string].some(
			(one) => (this.#down.get(one) ?? 0) > 0,
		);

	/** Starts an outage of a queue, an object or a class, for `lasting` milliseconds. */
	takeDown(name: string, lasting: number): void {
		const change = (by: number) =>
			this.#down.set(name, (this.#down.get(name) ?? 0) + by);
		this.note("outage", name, [], { lasting });
		change(1);
		this.time.after(lasting, () => change(-1));
	}

	/** Returns a new or a shared isolate for one more invocation. */
	workerIsolate(): WorkerIsolate {
		const deploy = this.#worker.deployed();
		this.#isolates = this.#isolates.filter(({ alive }) => alive);
		const fitting = this.#isolates.filter((one) => one.deploy === deploy);
		if (fitting.length > 0 && this.fate.next("isolate") < SHARED) {
			const which = Math.floor(this.fate.next("which") * fitting.length);
			return fitting[which] as WorkerIsolate;
		}
		const label = `worker ~${++this.#count}`;
		const isolate = new WorkerIsolate(this, label, deploy);
		const all = [isolate, ...this.#isolates];
		this.#isolates = all.slice(0, MOST_ISOLATES);
		this.#leaving = [
			...this.#leaving.filter(
				({ alive, batches }) => alive && batches.size > 0,
			),
			...all.slice(MOST_ISOLATES),
		];
		return isolate;
	}

	/** Kills all isolates of the Workers, as when machines are replaced. Work in progress is lost. */
	killWorkers(): void {
		for (const service of this.#services) service.kill();
		for (const isolate of [...this.#isolates, ...this.#leaving]) isolate.kill();
	}

	/** Runs the cron trigger. */
	tick(): void {
		const isolate = this.workerIsolate();
		const invocation = new Invocation(isolate);
		invocation
			.run(() => isolate.deploy.scheduled())
			.catch(() => {})
			.finally(() => invocation.returned());
	}

	/** Sends a request from outside. Rejects if the isolate dies before it has answered. */
	fetch(
		url: string,
		init: RequestInit,
	): Promise<{ status: number; text: string }> {
		const isolate = this.workerIsolate();
		const invocation = new Invocation(isolate);
		const { work } = invocation;
		isolate.batches.add(work);
		return new Promise((resolve, reject) => {
			const forget = isolate.onDeath(() =>
				reject(new Error("the connection was lost")),
			);
			invocation
				.run(async () => {
					const answer = await isolate.deploy.fetch?.(new Request(url, init));
					const { status = 404 } = answer ?? {};
					return { status, text: (await answer?.text()) ?? "" };
				})
				.then(resolve, reject)
				.finally(() => {
					invocation.returned();
					isolate.batches.delete(work);
					forget();
				});
		});
	}

	wallClock({ skew, home }: Isolate): number {
		const clock = Math.floor(this.time.now + this.clockOffset + skew);
		if (clock > this.furthestClock(home)) this.#furthest.set(home, clock);
		return clock;
	}

	/** Returns the latest time that any instance of an object has read, in epoch milliseconds; 0 before the first read. */
	furthestClock(home: string): number {
		return this.#furthest.get(home) ?? 0;
	}

	/** Returns the clock error of a new isolate, in milliseconds, either way. */
	skewOf(label: string): number {
		const { skewed } = this.#worker;
		const drawn = this.fate.draw(`skew ${label}`);
		return drawn < skewed
			? Math.round((drawn / skewed - 0.5) * 2 * MOST_SKEW)
			: 0;
	}

	readonly note = (
		what: string,
		where: string,
		subjects: readonly string[],
		detail?: unknown,
	): void => this.#listen({ at: this.time.now, what, where, subjects, detail });

	/** Records a console message of an isolate. Returns whether it is also printed. */
	noteConsole({ label }: Isolate, args: readonly unknown[]): boolean {
		this.note("console", label, [], args);
		return this.#worker.prints?.(args) ?? false;
	}

	/** Delays all new batches until a call of `release`. */
	hold(): void {
		this.isHeld = true;
	}

	release(): void {
		this.isHeld = false;
		for (const queue of this.queues.values()) queue.wake();
	}

	close(): void {
		for (const { database } of this.objects.values()) database.close();
	}

	#stub(className: string, name: string): object {
		return new Proxy(
			{},
			{
				get:
					(_, method) =>
					(...args: unknown[]) =>
						this.object(className, name).call(String(method), args),
			},
		);
	}
}
