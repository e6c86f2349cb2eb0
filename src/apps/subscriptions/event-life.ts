/**
 * The life of one app's event at work: it makes the attempts at `start` and `stop` that `apps/lifecycle.ts` finds
 * due, sends its polls, and tells those who wait. That an attempt has begun is kept before it is made.
 */

import { crashed } from "../../consume/call-worker.ts";
import { RefusedError } from "../../event/errors.ts";
import { LONGEST_WAIT } from "../../event/limits.ts";
import type { AttemptOutcome } from "../../event/outcome.ts";
import { objectContext } from "../../platform/object-context.ts";
import { inTime, realTimer } from "../../platform/timer.ts";
import {
	ATTEMPT_TIME,
	advance,
	answerOf,
	beginAttempt,
	INITIAL,
	isPollDue,
	type Life,
	polled,
	polling,
	recordOutcome,
	restarted,
	wakesAt,
} from "./lifecycle.ts";
import type { Subscribed, SubscriptionsState } from "./subscription.ts";

/** How long the trigger of a poll may take to be sent, in milliseconds. */
const SEND_TIME = 30_000;

/** Polls are no closer than this, in milliseconds. */
const SHORTEST_POLL = 1_000;

type Answer = Omit<Subscribed, "id">;

interface Ports {
	isWanted(): boolean;
	/** The secret of the event's hook. */
	secret(): string;
	/** Sets the alarm to what is due next, in this turn. */
	arm(): Promise<void>;
}

export class EventLife {
	readonly #ctx: DurableObjectState;
	readonly #kv: DurableObjectStorage["kv"];
	readonly #ports: Ports;
	#life: Life;
	/** The attempt whose outcome this object awaits. One that began before a restart never is. */
	#awaited: number | undefined;
	#waiting: ((answer: Answer) => void)[] = [];
	#polling: Promise<void> | undefined;

	constructor(ctx: DurableObjectState, ports: Ports) {
		this.#ctx = ctx;
		this.#kv = ctx.storage.kv;
		this.#ports = ports;
		this.#life = this.#kv.get<Life>("life") ?? INITIAL;
	}

	get wakesAt(): number | undefined {
		return wakesAt(this.#life);
	}

	/** What may be told of it. */
	get told(): Omit<SubscriptionsState, "subscribers"> {
		const { phase, startedAt, error, poll } = this.#life;
		return {
			phase,
			...(startedAt !== undefined && { startedAt }),
			...(error && { error }),
			...(poll && { poll: poll.every }),
		};
	}

	/** Somebody has subscribed: answers when it runs, or when the attempt that was to bring that has failed. */
	async joined(): Promise<Answer> {
		this.#keepName();
		this.#keep(this.#life);
		const { promise, resolve } = Promise.withResolvers<Answer>();
		this.#waiting.push(resolve);
		this.#attempt().catch((error) =>
			console.error(`tidings: ${this.#name}: an attempt was not kept`, error),
		);
		this.#keep(this.#life);
		await this.#ports.arm();
		return promise;
	}

	/** Somebody has left. What follows is the alarm's. */
	async left(): Promise<void> {
		this.#keep(this.#life);
		await this.#ports.arm();
	}

	/** Its URL has changed, which only `start` can tell the outside. */
	async restart(): Promise<void> {
		this.#keep(restarted(this.#life, Date.now()));
		await this.#ports.arm();
	}

	async poll(ms: number): Promise<void> {
		if (!(ms >= SHORTEST_POLL && ms <= LONGEST_WAIT))
			throw refusal(
				`${ms} is not a number of milliseconds from ${SHORTEST_POLL} to ${LONGEST_WAIT}`,
			);
		const life = polling(this.#life, ms, Date.now());
		if (!life)
			throw refusal(
				`the event is ${this.#life.phase}: ask for polls while start is at work, or while the event runs`,
			);
		this.#keep(life);
		await this.#ports.arm();
	}

	/** Does what is due by now. Overlapping alarms share one poll, and no attempt begins beside another. */
	async woken(): Promise<void> {
		this.#keep(this.#life);
		this.#polling ??= this.#poll().finally(() => {
			this.#polling = undefined;
		});
		await Promise.all([this.#attempt(), this.#polling]);
	}

	/** Makes the attempt that is due, if one is. What follows from its outcome is the alarm's. */
	async #attempt(): Promise<void> {
		const due = beginAttempt(this.#life, Date.now());
		if (!due) return;
		const { attempt } = due.life;
		this.#awaited = attempt;
		this.#keep(due.life);
		// An alarm stands: whoever has this attempt made sets it, in this turn or before.
		const outcome = await this.#run(due.which);
		if (this.#awaited === attempt) this.#awaited = undefined;
		this.#keep(recordOutcome(this.#life, attempt, outcome, Date.now()));
		await this.#ports
			.arm()
			.catch((error) =>
				console.error(
					"tidings: the alarm of a subscription was not set",
					error,
				),
			);
	}

	async #run(which: "start" | "stop"): Promise<AttemptOutcome> {
		try {
			const run = objectContext().runLifecycle(
				this.#name,
				which,
				this.#ports.secret(),
			);
			return await inTime(run, ATTEMPT_TIME, realTimer);
		} catch (error) {
			return crashed(error);
		}
	}

	async #poll(): Promise<void> {
		if (!isPollDue(this.#life, Date.now())) return;
		const isSent = await this.#trigger().then(
			() => true,
			(error) => {
				console.error(`tidings: ${this.#name}: a poll is sent again`, error);
				return false;
			},
		);
		this.#keep(polled(this.#life, isSent, Date.now()));
	}

	async #trigger(): Promise<void> {
		const sent = objectContext().trigger(this.#name);
		await inTime(sent, SEND_TIME, realTimer);
	}

	/** With what follows from it now; whoever waits is told. */
	#keep(life: Life): void {
		const kept = advance(life, this.#ports.isWanted(), Date.now());
		if (kept !== this.#life) this.#kv.put("life", kept);
		this.#life = kept;
		const answer = answerOf(kept, this.#awaited === kept.attempt);
		if (answer) for (const tell of this.#waiting.splice(0)) tell(answer);
	}

	/** The event's name on the bus; kept, for an alarm need not be told it. */
	get #name(): string {
		return this.#kv.get<string>("name") ?? "";
	}

	#keepName(): void {
		const { name } = this.#ctx.id;
		if (name && name !== this.#name) this.#kv.put("name", name);
	}
}

function refusal(why: string): RefusedError {
	return new RefusedError("invalid_request", `poll: ${why}`);
}
