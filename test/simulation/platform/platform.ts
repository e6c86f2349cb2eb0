/**
 * The simulated platform: time, draws, queues, objects and isolates. It must not know Tidings; the Worker tells it
 * which events a message is about.
 */
import "./globals.ts";
import type { Fate } from "./fate.ts";
import { Invocation } from "./invocation.ts";
import { Isolate } from "./isolate.ts";
import { type ObjectClass, SimulatedObject } from "./object.ts";
import { type QueueSettings, SimulatedQueue } from "./queue.ts";
import { Time } from "./time.ts";

/** Something that happened, for the ledger and the timeline. */
export interface Note {
	/** Simulated time, epoch milliseconds. */
	at: number;
	what: string;
	where: string;
	subjects: readonly string[];
	detail?: unknown;
}

export interface Batch {
	queue: string;
	messages: readonly unknown[];
	ackAll(): void;
	retryAll(options?: { delaySeconds?: number }): void;
}

/** One deploy of the Worker. */
export interface Deploy {
	queue(batch: Batch): Promise<void>;
	scheduled(): Promise<void>;
}

/** The Worker that runs on the platform. */
export interface SimulatedWorker {
	/** Which deploy an isolate that starts now belongs to. */
	deployed(): Deploy;
	objects: Record<string, () => ObjectClass>;
	vars: Record<string, unknown>;
	/** The queues' settings, and under which name each is bound. */
	queues: Record<string, QueueSettings & { binding: string }>;
	/** How many of the isolates have a clock that is off, from 0 to 1. */
	skewed: number;
	/**
	 * Whether an alarm that is set to the present inside its own handler stands and never fires. Production behaves
	 * so (cloudflare/workerd#6866) and the local runtime does not, so the conformance suite runs without it.
	 * Default: true.
	 */
	hasStuckAlarms?: boolean;
	/** Which events some text or value is about. */
	subjectsOf(value: unknown): string[];
}

/** An isolate of the Worker: it keeps the deploy that it started with, and takes one invocation beside another. */
export class WorkerIsolate extends Isolate {
	readonly deploy: Deploy;

	constructor(platform: Platform, label: string, deploy: Deploy) {
		super(platform, label);
		this.deploy = deploy;
	}
}

/** The most that the clock of an isolate is off, in milliseconds. */
export const MOST_SKEW = 29_500;

/** So many are there to be shared. */
const MOST_ISOLATES = 4;

/** How often an invocation comes to an isolate that is there. */
const SHARED = 0.6;

export class Platform {
	readonly time: Time;
	readonly fate: Fate;
	readonly env: Record<string, unknown>;
	readonly exports: Record<string, unknown>;
	readonly queues: Map<string, SimulatedQueue>;
	readonly hasStuckAlarms: boolean;
	readonly objects = new Map<string, SimulatedObject>();
	/** How far every clock is off, in milliseconds; a fault moves it. */
	clockOffset = 0;
	/** By how many outages at once something is down, by name, a class standing for all of its objects. */
	readonly #down = new Map<string, number>();
	readonly #worker: SimulatedWorker;
	readonly #listen: (note: Note) => void;
	/** The furthest clock that was read, by what the isolates are of that read it. */
	readonly #furthest = new Map<string, number>();
	#isolates: WorkerIsolate[] = [];
	/** Those that take nothing new and are in the middle of something. */
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

	readonly isDown = (name: string): boolean =>
		[name, name.split("/")[0] as string].some(
			(one) => (this.#down.get(one) ?? 0) > 0,
		);

	/** Takes something down for a while, in milliseconds. */
	takeDown(name: string, lasting: number): void {
		const change = (by: number) =>
			this.#down.set(name, (this.#down.get(name) ?? 0) + by);
		this.note("outage", `${name} for ${lasting} ms`, []);
		change(1);
		this.time.after(lasting, () => change(-1));
	}

	/** A place for one more invocation, new or shared with others. */
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

	/** As when machines are replaced: whatever the Worker is in the middle of. */
	killWorkers(): void {
		for (const isolate of [...this.#isolates, ...this.#leaving]) isolate.kill();
	}

	/** The cron trigger. */
	tick(): void {
		const isolate = this.workerIsolate();
		const invocation = new Invocation(isolate);
		invocation
			.run(() => isolate.deploy.scheduled())
			.catch(() => {})
			.finally(() => invocation.returned());
	}

	wallClock({ skew, home }: Isolate): number {
		const clock = Math.floor(this.time.now + this.clockOffset + skew);
		if (clock > this.furthestClock(home)) this.#furthest.set(home, clock);
		return clock;
	}

	/** The furthest clock that an object has read so far, whichever instance of it; 0 when it read none. */
	furthestClock(home: string): number {
		return this.#furthest.get(home) ?? 0;
	}

	/** How far the clock of a new isolate is off, in milliseconds, either way. */
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

	/** What code writes to its console. */
	noteConsole({ label }: Isolate, args: readonly unknown[]): void {
		this.note("console", label, [], args);
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
