/** The life of an event: its entries merged into deliveries and their attempts. Pure. */
import type { Cause } from "../event/envelope.ts";
import type { Failure } from "../event/failure.ts";
import type { STATES } from "../lists/filter.ts";
import { type Entry, type Step, spanOf } from "./entry.ts";

type State = (typeof STATES)[number];

/** One thing that happened to a delivery. Times are in epoch milliseconds. */
interface Attempt {
	state: State;
	at: number;
	/** Counted from 1. */
	attempt?: number;
	startedAt?: number;
	error?: Failure;
	cause?: Cause;
	/** When the next attempt begins. */
	retryAt?: number;
	/** Why the delivery waits. */
	reason?: string;
}

/** What a caller did with an event, or with one of its deliveries. */
interface CallerAction {
	type: "rescheduled" | "cancelled" | "replayed" | "discarded";
	/** Epoch milliseconds. */
	at: number;
	/** The id of an API key, or the name of an app; absent for the owner's own code. */
	by?: string;
	handler?: string;
}

/** An event and everything that the journal knows of its deliveries. */
export interface EventLife extends Omit<Entry, "steps" | "queuedMs"> {
	state: State;
	/** When the last step happened, in epoch milliseconds. */
	at: number;
	/** How long its first message waited in the queue, in milliseconds. */
	queuedMs?: number;
	/** Due time, if it was scheduled. */
	dueAt?: number;
	/** The earliest first. */
	actions: CallerAction[];
	/** Pages that may have more entries of it and could not be read. Absent if none, and in lists. */
	unreadable?: number;
	deliveries: {
		handler: string;
		state: State;
		/** The earliest first. */
		attempts: Attempt[];
	}[];
}

/** The worst state of its deliveries is the state of an event. */
const WORST: readonly State[] = [
	"dead",
	"retrying",
	"waiting",
	"replaying",
	"queued",
	"discarded",
	"delivered",
	"cancelled",
];

/** @param entries of one event, at least one */
export function lifeOf(entries: readonly Entry[]): EventLife {
	const steps = entries
		.flatMap((entry) => entry.steps)
		.sort((one, other) => one.at - other.at || numberOf(one) - numberOf(other));
	const earliestFirst = entries.toSorted(
		(one, other) => spanOf(one)[0] - spanOf(other)[0],
	);
	const [first] = earliestFirst as [Entry];
	// The entry of a message, or of the call that scheduled the event, knows more than those of other calls.
	const {
		steps: _,
		bodyBytes: __,
		...event
	} = earliestFirst.find((entry) => entry.queuedMs !== undefined) ??
	earliestFirst.find((entry) => hasStep(entry, "scheduled")) ??
	first;
	// A replay may have another body, and the limit of a body may have changed.
	const bodies = earliestFirst.filter((entry) => entry.body !== undefined);
	const body =
		bodies.find((entry) => entry.bodyBytes === undefined) ?? bodies[0];
	const due = steps.findLast(
		(step) => "dueAt" in step && handlersIn(step).length === 0,
	) as { dueAt: number } | undefined;
	const deliveries = deliveriesIn(steps);
	return {
		...event,
		...(body && { body: body.body as string }),
		...(body?.bodyBytes !== undefined && { bodyBytes: body.bodyBytes }),
		state: stateOf(steps, deliveries),
		at: steps.at(-1)?.at ?? event.time,
		...(due && { dueAt: due.dueAt }),
		actions: steps.flatMap(actionsIn),
		deliveries,
	};
}

function hasStep({ steps }: Entry, type: Step["type"]): boolean {
	return steps.some((step) => step.type === type);
}

function actionsIn(step: Step): CallerAction[] {
	switch (step.type) {
		case "rescheduled":
		case "cancelled":
		case "replayed":
		case "discarded": {
			const { type, at, by } = step;
			const handler = "handler" in step ? step.handler : undefined;
			return [
				{
					type,
					at,
					...(by !== undefined && { by }),
					...(handler !== undefined && { handler }),
				},
			];
		}
		default:
			return [];
	}
}

/** Orders attempts of one millisecond. */
function numberOf(step: Step): number {
	return "attempt" in step ? step.attempt : 0;
}

function deliveriesIn(steps: readonly Step[]): EventLife["deliveries"] {
	const attempts = new Map<string, Attempt[]>();
	for (const step of steps)
		for (const handler of handlersIn(step)) {
			const list = attempts.get(handler) ?? [];
			attempts.set(handler, list);
			list.push(attemptOf(step));
		}
	return [...attempts].map(([handler, attempts]) => ({
		handler,
		state: (attempts.at(-1) as Attempt).state,
		attempts,
	}));
}

function handlersIn(step: Step): readonly string[] {
	if (step.type === "split") return step.handlers;
	return "handler" in step && step.handler !== undefined ? [step.handler] : [];
}

function attemptOf(step: Step): Attempt {
	const { type: _, ...rest } = step as Step & Partial<Attempt>;
	const { at, attempt, startedAt, error, cause, retryAt, reason } = rest;
	return {
		state: stateAfter(step),
		at,
		...(attempt !== undefined && { attempt }),
		...(startedAt !== undefined && { startedAt }),
		...(error && { error }),
		...(cause && { cause }),
		...(retryAt !== undefined && { retryAt }),
		...(reason !== undefined && { reason }),
	};
}

/** The state of a delivery, or of an event without deliveries, after a step. */
export function stateAfter(step: Step): State {
	switch (step.type) {
		case "published":
		case "split":
			return "queued";
		case "rescheduled":
			// The next attempt of a delivery begins at once.
			return step.handler === undefined ? "scheduled" : "queued";
		case "replayed":
			return "replaying";
		default:
			return step.type;
	}
}

function stateOf(
	steps: readonly Step[],
	deliveries: EventLife["deliveries"],
): State {
	const states = deliveries.map(({ state }) => state);
	const worst = WORST.find((state) => states.includes(state));
	if (worst) return worst;
	const last = steps.at(-1);
	return last ? stateAfter(last) : "queued";
}
