/**
 * Runs the lifecycle of one app event: the attempts of `start` and `stop`, and the polls, that are due. It must not
 * decide what follows from an outcome; `lifecycle.ts` does. The begin of an attempt is stored before the attempt.
 */

import { crashed } from "../../consume/call-worker.ts";
import { RefusedError } from "../../event/errors.ts";
import { LONGEST_WAIT } from "../../event/limits.ts";
import type { AttemptOutcome } from "../../event/outcome.ts";
import { log } from "../../platform/log.ts";
import { objectContext } from "../../platform/object-context.ts";
import { inTime, realTimer } from "../../platform/timer.ts";
import {
	ATTEMPT_TIME,
	advance,
	answerSubscriber,
	beginAttempt,
	INITIAL,
	isPollDue,
	type Lifecycle,
	nextWakeAt,
	recordOutcome,
	recordPoll,
	restart,
	setPoll,
} from "./lifecycle.ts";
import type { Subscribed, SubscriptionsState } from "./subscription.ts";

/** How long enqueuing a poll may take, in milliseconds. */
const SEND_TIMEOUT = 30_000;

/** The shortest interval between polls, in milliseconds. */
const SHORTEST_POLL = 1_000;

type Answer = Omit<Subscribed, "id">;

interface Dependencies {
	hasSubscribers(): boolean;
	webhookSecret(): string;
	/** Sets the alarm to the next work, in this tick. */
	armAlarm(): Promise<void>;
}

export class LifecycleRunner {
	readonly #ctx: DurableObjectState;
	readonly #kv: DurableObjectStorage["kv"];
	readonly #deps: Dependencies;
	#life: Lifecycle;
	/** The event's name on the bus. In memory, so that an error can be logged while the storage fails. */
	#name: string;
	/** The attempt whose outcome this instance waits for. An attempt of an earlier instance has none. */
	#awaited: number | undefined;
	/** Subscribers that wait for the event to start. */
	#waiting: ((answer: Answer) => void)[] = [];
	#polling: Promise<void> | undefined;

	constructor(ctx: DurableObjectState, deps: Dependencies) {
		this.#ctx = ctx;
		this.#kv = ctx.storage.kv;
		this.#deps = deps;
		this.#life = this.#kv.get<Lifecycle>("life") ?? INITIAL;
		this.#name = this.#kv.get<string>("name") ?? "";
	}

	/** When the next work is due, in epoch milliseconds. */
	get nextAt(): number | undefined {
		return nextWakeAt(this.#life);
	}

	/** The public part of the state. */
	get state(): Omit<SubscriptionsState, "subscribers"> {
		const { phase, startedAt, error, poll } = this.#life;
		return {
			phase,
			...(startedAt !== undefined && { startedAt }),
			...(error && { error }),
			...(poll && { poll: poll.every }),
		};
	}

	/** Returns when the event runs, or when the attempt to start it has failed. */
	async subscriberAdded(): Promise<Answer> {
		this.#storeName();
		this.#save(this.#life);
		const { promise, resolve } = Promise.withResolvers<Answer>();
		this.#waiting.push(resolve);
		this.#attempt().catch((error) =>
			log("attempt_not_recorded", { name: this.#name, error }),
		);
		this.#save(this.#life);
		await this.#deps.armAlarm();
		return promise;
	}

	/** Does not run `stop`; the alarm does. */
	async subscriberRemoved(): Promise<void> {
		this.#save(this.#life);
		await this.#deps.armAlarm();
	}

	/** Stops a running event and starts it again. */
	async restart(): Promise<void> {
		this.#save(restart(this.#life, Date.now()));
		await this.#deps.armAlarm();
	}

	/** @throws RefusedError `invalid_request` */
	async poll(interval: number): Promise<void> {
		if (!(interval >= SHORTEST_POLL && interval <= LONGEST_WAIT))
			throw refusal(
				`${interval} is not an interval; use ${SHORTEST_POLL} to ${LONGEST_WAIT} milliseconds`,
			);
		const life = setPoll(this.#life, interval, Date.now());
		if (!life)
			throw refusal(
				`the event is ${this.#life.phase}; set an interval while start runs, or while the event runs`,
			);
		this.#save(life);
		await this.#deps.armAlarm();
	}

	/** Does the work that is due. Overlapping alarms share one poll, and attempts never overlap. */
	async runDue(): Promise<void> {
		this.#save(this.#life);
		this.#polling ??= this.#poll().finally(() => {
			this.#polling = undefined;
		});
		await Promise.all([this.#attempt(), this.#polling]);
	}

	/** Makes the attempt that is due. Does nothing if none is. */
	async #attempt(): Promise<void> {
		const due = beginAttempt(this.#life, Date.now());
		if (!due) return;
		const { attempt } = due.life;
		this.#awaited = attempt;
		// After a crash from here on, the caller's alarm finds an attempt that has begun.
		this.#save(due.life);
		const outcome = await this.#run(due.part);
		if (outcome.type !== "delivered") this.#report(due.part, attempt, outcome);
		if (this.#awaited === attempt) this.#awaited = undefined;
		this.#save(recordOutcome(this.#life, attempt, outcome, Date.now()));
		await this.#deps
			.armAlarm()
			.catch((error) => log("alarm_not_set", { name: this.#name, error }));
	}

	#report(part: string, attempt: number, outcome: AttemptOutcome): void {
		const { type, ...reason } = outcome;
		const fields = { name: this.#name, part, attempt, outcome: type };
		log("start_or_stop_failed", { ...fields, ...reason });
	}

	async #run(part: "start" | "stop"): Promise<AttemptOutcome> {
		try {
			const run = objectContext().runLifecycle(
				this.#name,
				part,
				this.#deps.webhookSecret(),
			);
			return await inTime(run, ATTEMPT_TIME, realTimer);
		} catch (error) {
			return crashed(error);
		}
	}

	async #poll(): Promise<void> {
		if (!isPollDue(this.#life, Date.now())) return;
		const isSent = await this.#enqueuePoll();
		this.#save(recordPoll(this.#life, isSent, Date.now()));
	}

	async #enqueuePoll(): Promise<boolean> {
		try {
			const sent = objectContext().enqueuePoll(this.#name);
			await inTime(sent, SEND_TIMEOUT, realTimer);
			return true;
		} catch (error) {
			log("poll_failed", { name: this.#name, error });
			return false;
		}
	}

	/** Stores the state that follows now, and answers the subscribers that wait. */
	#save(life: Lifecycle): void {
		const next = advance(life, this.#deps.hasSubscribers(), Date.now());
		if (next !== this.#life) this.#kv.put("life", next);
		this.#life = next;
		const answer = answerSubscriber(next, this.#awaited === next.attempt);
		if (answer) for (const resolve of this.#waiting.splice(0)) resolve(answer);
	}

	/** The name is stored, because an alarm may run without it. */
	#storeName(): void {
		const { name } = this.#ctx.id;
		if (!name || name === this.#name) return;
		this.#kv.put("name", name);
		this.#name = name;
	}
}

function refusal(reason: string): RefusedError {
	return new RefusedError("invalid_request", `poll: ${reason}`);
}
