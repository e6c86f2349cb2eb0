/** The laws of what operators read: each attempt of an event has happened, and a list hides no entry. */
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
	const isDone = life.deliveries.every(({ state }) => state === "delivered");
	if (life.state === "delivered" && (!isDone || life.deliveries.length === 0))
		untrue("delivered, and a delivery is not");
	return found;
}

/** @param lives of all events, page by page */
export function judgeList(
	lives: readonly EventLife[],
	copy: JournalCopy,
): Violation[] {
	const listed = lives.flatMap(({ id, deliveries }) =>
		deliveries.flatMap(({ handler, attempts }) =>
			attempts.map(({ state, at }) => `${id} ${handler} ${state} ${at}`),
		),
	);
	const stored = copy.entries
		.filter(({ day }) => copy.days.has(day))
		.flatMap(({ entry: { id, steps } }) =>
			steps.flatMap((step) =>
				handlersIn(step).map(
					(handler) =>
						`${id} ${handler} ${STATES[step.type] ?? step.type} ${step.at}`,
				),
			),
		);
	const [one, other] = [listed, stored].map((all) => all.sort().join("\n"));
	const text = `a list of all events has ${listed.length} attempts, and the journal ${stored.length}`;
	return one === other ? [] : [{ rule: "unrecorded", text }];
}

function isOf(transition: Transition, handler: string): boolean {
	return handlersIn(transition).includes(handler);
}

function handlersIn(step: Step): readonly string[] {
	if (step.type === "split") return step.handlers;
	return "handler" in step && step.handler !== undefined ? [step.handler] : [];
}
