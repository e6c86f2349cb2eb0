/**
 * Records what happens to the events of a test, from transitions and from the records that are sent. It judges nothing.
 */
import type { Cause, TidingsEvent } from "../event/envelope.ts";
import { decode } from "../event/envelope.ts";
import type { Failure } from "../event/failure.ts";
import type { Transition } from "../event/transition.ts";
import type { HandlerContext } from "../handlers/handler.ts";
import { Timeline } from "./timeline.ts";

/** One run of a handler. */
export interface TestAttempt {
	event: TidingsEvent;
	/** The handler's id. That of another Worker begins with the Worker's key: `mail/send-welcome`. */
	handler: string;
	/** Counted from 1. */
	attempt: number;
	/** `dead` if it failed and no retry follows, `crashed` if its Worker crashed. */
	outcome: "running" | "delivered" | "failed" | "dead" | "crashed";
	/** Absent unless it failed. */
	error?: Failure;
	/** When it started, in epoch milliseconds. */
	at: number;
}

/** A delivery that ended without success. */
export interface TestDeadLetter {
	event: TidingsEvent;
	/** The handler's id, as in `TestAttempt`. */
	handler: string;
	cause: Cause;
	/** Of the last attempt. */
	error: Failure;
	/** How many attempts were made. */
	attempts: number;
	/** When it ended, in epoch milliseconds. */
	at: number;
}

/** An attempt that starts now. */
export function attemptOf(
	handler: string,
	event: TidingsEvent,
	{ attempt }: Pick<HandlerContext, "attempt">,
): TestAttempt {
	const outcome = "running";
	return { event: copyOf(event), handler, attempt, outcome, at: Date.now() };
}

/** A copy of the event from before the attempt, because a handler may change the event. */
function copyOf(event: TidingsEvent): TidingsEvent {
	try {
		return structuredClone(event);
	} catch {
		// The output of a schema may have functions.
		return event;
	}
}

export class Recording {
	readonly attempts: TestAttempt[] = [];
	readonly timeline = new Timeline();
	readonly #events = new Map<string, TidingsEvent>();
	readonly #published = new Set<string>();
	/** The attempts whose outcome is not known yet, with what to call when it is. */
	readonly #running = new Map<TestAttempt, () => void>();
	readonly #deadLetters = new Map<string, TestDeadLetter>();

	get published(): TidingsEvent[] {
		return [...this.#published].map((id) => structuredClone(this.#event(id)));
	}

	get deadLetters(): TestDeadLetter[] {
		return structuredClone([...this.#deadLetters.values()]);
	}

	/** @param settled is called when the outcome is known */
	start(attempt: TestAttempt, settled: () => void): void {
		this.attempts.push(attempt);
		this.#running.set(attempt, settled);
	}

	/**
	 * The Worker crashed during an attempt, or before the attempt's outcome was stored.
	 *
	 * @param at epoch milliseconds
	 */
	crash(attempt: TestAttempt, at: number): void {
		if (!this.#running.delete(attempt)) return;
		attempt.outcome = "crashed";
		const { id, name } = attempt.event;
		const { handler, attempt: number } = attempt;
		const about = [name, id.slice(-12), handler, `attempt ${number}`];
		this.timeline.note(at, "crashed", ...about);
	}

	readonly observe = (transition: Transition): void => {
		this.timeline.add(transition);
		const { type, id, at } = transition;
		switch (type) {
			case "published":
			case "scheduled":
				this.#published.add(id);
				break;
			case "delivered":
				this.#end(transition, { outcome: "delivered" });
				this.#deadLetters.delete(`${transition.handler} ${id}`);
				break;
			case "retrying":
				this.#end(transition, { outcome: "failed", error: transition.error });
				break;
			case "discarded":
				this.#deadLetters.delete(`${transition.handler} ${id}`);
				break;
			case "dead": {
				const { handler, attempt: attempts, cause, error } = transition;
				this.#end(transition, { outcome: "dead", error });
				this.#deadLetters.set(`${handler} ${id}`, {
					event: this.#event(id),
					handler,
					cause,
					error,
					attempts,
					at,
				});
			}
		}
	};

	/** Remembers the body of an event that is stored apart from its record. @param id of the event */
	readBody(id: string, text: string): void {
		this.#event(id).body = JSON.parse(text);
	}

	/** Remembers the event of a message or a row. Returns its id; nothing for a record that is not one of an event. */
	readRecord(record: string): string[] {
		const decoded = decode(record);
		if (decoded.kind !== "envelope") return [];
		const { id, name, time, delay, body } = decoded.envelope;
		const known = this.#events.get(id);
		const stored = "body" in decoded.envelope ? body : known?.body;
		this.#events.set(id, { id, name, body: stored, time, delay });
		return [id];
	}

	#event(id: string): TidingsEvent {
		let event = this.#events.get(id);
		if (!event) {
			event = { id, name: "", body: null, time: 0, delay: 0 };
			this.#events.set(id, event);
		}
		return event;
	}

	#end(
		{ id, handler, attempt }: Transition & { handler: string; attempt: number },
		end: Partial<TestAttempt>,
	): void {
		const running = [...this.#running.keys()].filter(
			(one) => one.event.id === id && one.attempt === attempt,
		);
		// A route may call the handler by another id.
		const ended = running.find((one) => one.handler === handler) ?? running[0];
		if (!ended) return;
		this.#running.get(ended)?.();
		this.#running.delete(ended);
		Object.assign(ended, end);
	}
}
