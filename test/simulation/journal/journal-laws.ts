/** The laws of the journal, at each of its commits: what it shows has happened, and a day is dropped only in time. */
import type { Entry, Step } from "../../../src/journal/entry.ts";
import type { SimulatedObject } from "../../../src/testing/platform/object.ts";
import { APART, type Violation } from "../invariants.ts";
import type { Ledger } from "../ledger.ts";
import type { Scenario } from "../scenario.ts";
import { eventOf, subjectsOf } from "../subjects.ts";
import { JOURNAL, JournalCopy } from "./journal-copy.ts";
import { keyOf } from "./observed.ts";

const DAY = 86_400_000;

/** Retentions that scenarios have. */
const RETENTIONS: Record<string, number> = { "1 day": DAY, "7 days": 7 * DAY };

export class JournalLaws {
	readonly violations: Violation[] = [];
	readonly copy = new JournalCopy();
	readonly #scenario: Scenario;
	readonly #ledger: Ledger;
	readonly #shown = new Map<string, number>();

	constructor(scenario: Scenario, ledger: Ledger) {
		this.#scenario = scenario;
		this.#ledger = ledger;
	}

	/** @param now simulated time, in epoch milliseconds */
	committed({ name, database }: SimulatedObject, now: number): void {
		if (name !== JOURNAL) return;
		const { added, dropped } = this.copy.commit(database);
		for (const { entry } of added) this.#judge(entry);
		const isFull = database.ballast > 0;
		for (const day of dropped)
			if (
				!(isFull
					? day < Math.floor((now + APART) / DAY)
					: this.#isOld(day, now))
			)
				this.#found("unrecorded", `the journal dropped day ${day} too early`);
	}

	#isOld(day: number, now: number): boolean {
		const { journal } = this.#scenario;
		const { retention = "7 days" } = Object(journal) as { retention?: string };
		const ends = (day + 1) * DAY + (RETENTIONS[retention] as number);
		return now + APART >= ends;
	}

	#judge(entry: Entry): void {
		const { id, name, steps } = entry;
		const [subject] = subjectsOf(id);
		const known = this.#ledger.entries.get(eventOf(subject ?? "-1"));
		for (const step of steps) {
			const key = keyOf(id, step);
			const times = (this.#shown.get(key) ?? 0) + 1;
			this.#shown.set(key, times);
			if (times > this.#ledger.observed.count(key))
				this.#found("untrue", `the journal shows ${key}, which did not happen`);
			if (known && !hasRun(step, known.runs))
				this.#found("untrue", `the journal shows ${key}, and no run ended so`);
		}
		if (!known) return;
		if (name !== known.name)
			this.#found("untrue", `the journal calls ${known.name} ${name}`);
		this.#judgeBody(entry, known.n, known.body);
	}

	#judgeBody({ body, steps }: Entry, n: number, published: unknown): void {
		const { bodies = "failed", maxBytes = 2_048 } = Object(
			this.#scenario.journal,
		) as { bodies?: string; maxBytes?: number };
		if (body === undefined) return;
		const hasFailed = steps.some(({ type }) =>
			["retrying", "dead"].includes(type),
		);
		const edited = this.#ledger.editedBodies(n);
		const isKnown = [published, ...edited].some((one) =>
			JSON.stringify(one).startsWith(body),
		);
		const isWanted = bodies === "all" || (bodies === "failed" && hasFailed);
		if (!isKnown || !isWanted || Buffer.byteLength(body) > maxBytes)
			this.#found("untrue", `the journal shows the body ${body} of event ${n}`);
	}

	#found(rule: "untrue" | "unrecorded", text: string): void {
		this.violations.push({ rule, text });
	}
}

/** Whether a run of the handler explains the step. Only a step that shows the result of an own handler needs one. */
function hasRun(
	step: Step,
	runs: ReadonlyMap<string, readonly { attempt: number; end: string }[]>,
): boolean {
	if (step.type !== "delivered" && step.type !== "retrying") return true;
	const isRemote = step.handler.includes("/");
	if (step.type === "retrying" && isRemote) return true;
	return (runs.get(step.handler) ?? []).some(
		({ attempt, end }) =>
			attempt === step.attempt &&
			(end === "succeeded") === (step.type === "delivered"),
	);
}
