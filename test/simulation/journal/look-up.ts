/** The laws of what operators read: each attempt of an event has happened, and a list hides none of the latest. */
import type { Transition } from "tidings";
import type { Step } from "../../../src/journal/entry.ts";
import type { EventLife } from "../../../src/journal/life.ts";
import type { Violation } from "../invariants.ts";
import type { Ledger } from "../ledger.ts";
import { eventOf, subjectsOf } from "../subjects.ts";
import type { JournalCopy } from "./journal-copy.ts";

/** States after a transition, if they have another name. */
const STATES: Partial<Record<Transition["type"], string>> = {
	split: "queued",
	replayed: "replaying",
};

/** States of deliveries next to which an event is delivered. A Worker that is reached late may have no handler for it. */
const DONE: readonly string[] = ["delivered", "cancelled", "ignored"];

export function judgeLife(life: EventLife, ledger: Ledger): Violation[] {
	const found: Violation[] = [];
	const n = eventOf(subjectsOf(life.id)[0] ?? "-1");
	const happened = ledger.observed.all
		.map(({ transition }) => transition)
		.filter(({ id }) => id === life.id);
	const untrue = (text: string) =>
		found.push({ rule: "untrue", n, text: `event ${n} is shown as ${text}` });
	for (const { handler, state, attempts } of life.deliveries) {
		for (const shown of attempts) {
			const isTrue = happened.some(
				(one) =>
					(STATES[one.type] ?? one.type) === shown.state &&
					one.at === shown.at &&
					isOf(one, handler) &&
					(!("attempt" in one) || one.attempt === shown.attempt),
			);
			if (!isTrue)
				untrue(`${shown.state} at ${shown.at} for ${handler}: it was not`);
		}
		const runs = ledger.entries.get(n)?.runs.get(handler);
		const succeeded = runs?.some(({ end }) => end === "succeeded");
		if (state === "delivered" && ledger.entries.has(n) && !succeeded)
			untrue(`delivered to ${handler}, which has not succeeded`);
	}
	const states = life.deliveries.map(({ state }) => state);
	const isDone =
		states.includes("delivered") &&
		states.every((state) => DONE.includes(state));
	if (life.state === "delivered" && !isDone)
		untrue("delivered, and a delivery is not");
	return found;
}

/**
 * A list has each event once, and its latest attempts: the first ones may lie before what one call reads.
 *
 * @param lives of all events, page by page
 */
export function judgeList(
	lives: readonly EventLife[],
	copy: JournalCopy,
): Violation[] {
	const found: Violation[] = [];
	const judge = (rule: "untrue" | "unrecorded", holds: boolean, text: string) =>
		holds || found.push({ rule, text: `a list of all events ${text}` });
	const entries = copy.entries
		.filter(({ day }) => copy.days.has(day))
		.map(({ entry }) => entry);
	const stored = Map.groupBy(entries, ({ id }) => id);
	const ids = lives.map(({ id }) => id);
	judge("untrue", new Set(ids).size === ids.length, "has one twice");
	for (const id of stored.keys())
		judge("unrecorded", ids.includes(id), `lacks ${id}`);
	for (const { id, deliveries } of lives) {
		const shown = deliveries.flatMap(({ handler, attempts }) =>
			attempts.map(({ state, at }) => `${handler} ${state} ${at}`),
		);
		const known = (stored.get(id) ?? []).flatMap(({ steps }) =>
			steps.flatMap((step) =>
				handlersIn(step).map(
					(handler) =>
						`${handler} ${STATES[step.type] ?? step.type} ${step.at}`,
				),
			),
		);
		for (const text of shown)
			judge("untrue", known.includes(text), `shows ${id} ${text}`);
		// In the order of the journal: clocks that differ have another one.
		const first = Math.min(...shown.map((text) => known.lastIndexOf(text)));
		for (const text of known.slice(first + 1))
			judge("unrecorded", shown.includes(text), `hides ${id} ${text}`);
	}
	return found;
}

function isOf(transition: Transition, handler: string): boolean {
	return handlersIn(transition).includes(handler);
}

function handlersIn(step: Step): readonly string[] {
	if (step.type === "split") return step.handlers;
	return "handler" in step && step.handler !== undefined ? [step.handler] : [];
}
