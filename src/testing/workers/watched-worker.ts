/**
 * The Worker of a test on the real runtime, watched: what its ports store and send, its batches, and the attempts of
 * its handlers. Everything that is replaced here is restored at the end.
 */
import { consume } from "../../consume/queue.ts";
import type { Transition } from "../../event/transition.ts";
import type { Handler } from "../../handlers/handler.ts";
import {
	objectContext,
	setObjectContext,
} from "../../platform/object-context.ts";
import type { Ports } from "../../ports.ts";
import { type Registration, registrationOf } from "../../registration.ts";
import type { AnyEvents } from "../other-workers.ts";
import { PlannedFailures } from "../planned-failures.ts";
import { attemptOf, Recording } from "../recording.ts";
import { clock } from "./clock.ts";
import { watchedQueues, watchedStores } from "./watched-ports.ts";

/** What `worker(events)` has assembled. */
export type Owner = NonNullable<Registration["assembled"]>;

export class WatchedWorker {
	readonly recording = new Recording();
	readonly failures = new PlannedFailures();
	readonly #restore: (() => void)[] = [];
	readonly #startedAt = clock.real();
	/** Messages that were sent and not acknowledged: how often each record. */
	readonly #waiting = new Map<string, number>();
	/** Batches and attempts of `start` and `stop` that run. */
	#running = 0;
	#steps = 0;

	/** Whether every message was acknowledged, and neither a batch nor `start` or `stop` of an app's event runs. */
	get isIdle(): boolean {
		return this.#running === 0 && this.#waiting.size === 0;
	}

	/** Counts what has begun: sends of a message, batches, and attempts of `start` and `stop`. */
	get steps(): number {
		return this.#steps;
	}

	/** @param prefix of the handlers' ids, for the handlers of another Worker */
	watchHandlers(events: AnyEvents, prefix: string): void {
		for (const handler of registrationOf(events).handlers.list())
			this.replace(handler, { run: this.#observed(handler, prefix) });
	}

	watchOwner(owner: Owner): void {
		const { ports, consumerPorts, apps } = owner;
		const { observe } = ports;
		const { runLifecycle } = objectContext();
		// Apps have a copy of the ports.
		for (const one of [ports, apps.ports])
			if (one) this.replace<Ports>(one, this.#watched(one));
		const watched: Ports = {
			...consumerPorts,
			...this.#watched(consumerPorts),
			// The delay of a message is real time. A row of the scheduler is due when the clock of the test says so.
			retryWait: 0,
		};
		this.replace(owner, {
			consume: (messages, role) =>
				this.#consuming(messages, (messages) =>
					consume(messages, role, watched),
				),
		});
		setObjectContext({
			queues: watched.queues,
			observe: ports.observe,
			// Unlike its other work, the object does not share an attempt with an alarm that overlaps it.
			runLifecycle: (...args) => this.#run(() => runLifecycle(...args)),
		});
		this.#restore.push(() =>
			setObjectContext({ queues: consumerPorts.queues, observe, runLifecycle }),
		);
	}

	/** Replaces members of an object until the end. */
	replace<Target extends object>(
		target: Target,
		changes: Partial<Target>,
	): void {
		const keys = Object.keys(changes) as (keyof Target)[];
		for (const key of keys) {
			const had = key in target;
			const before = target[key];
			this.#restore.push(() => {
				if (had) target[key] = before;
				else delete target[key];
			});
		}
		Object.assign(target, changes);
	}

	end(): void {
		for (const restore of this.#restore.splice(0).reverse()) restore();
	}

	#observed({ id, run }: Handler, prefix: string): Handler["run"] {
		return async (event, context, host) => {
			const attempt = attemptOf(prefix + id, event, context);
			this.recording.start(attempt, () => {});
			this.failures.failIfPlanned(attempt.handler);
			return run(event, context, host);
		};
	}

	#watched({ queues, scheduler, payloads, observe }: Ports): Partial<Ports> {
		const { recording } = this;
		const watcher = {
			body: (id: string, text: string) => recording.readBody(id, text),
			row: (record: string) => void recording.readRecord(record),
			message: (record: string) => {
				recording.readRecord(record);
				this.#steps += 1;
				this.#count(record, 1);
			},
			rejected: (record: string) => this.#count(record, -1),
		};
		return {
			queues: watchedQueues(queues, watcher),
			...watchedStores({ scheduler, payloads }, watcher),
			observe(transition: Transition) {
				recording.observe(transition);
				observe(transition);
			},
		};
	}

	async #consuming(
		messages: readonly Message[],
		act: (messages: readonly Message[]) => Promise<void>,
	): Promise<void> {
		// A test before may have left messages. No binding can remove them from a queue.
		const isLeft = ({ timestamp }: Message) =>
			timestamp.getTime() < this.#startedAt;
		for (const message of messages.filter(isLeft)) message.ack();
		const own = messages.filter((message) => !isLeft(message));
		await this.#run(() =>
			act(own.map((message) => this.#watchedMessage(message))),
		);
	}

	async #run<Result>(act: () => Promise<Result>): Promise<Result> {
		this.#running += 1;
		this.#steps += 1;
		try {
			return await act();
		} finally {
			this.#running -= 1;
		}
	}

	#watchedMessage(message: Message): Message {
		const { id, timestamp, body, attempts } = message;
		return {
			id,
			timestamp,
			body,
			attempts,
			ack: () => {
				this.#count(`${body}`, -1);
				message.ack();
			},
			retry: (options) => message.retry(options),
		} as Message;
	}

	#count(record: string, change: 1 | -1): void {
		const count = (this.#waiting.get(record) ?? 0) + change;
		if (count > 0) this.#waiting.set(record, count);
		else this.#waiting.delete(record);
	}
}
