/** The laws of idempotency keys: one event for each key and day, equal receipts, and other content is refused. */
import { isDeepStrictEqual } from "node:util";
import type { Receipt } from "tidings";
import type { Work } from "../../../src/testing/platform/isolate.ts";
import { APART, type Judge } from "../invariants.ts";
import type { Ledger } from "../ledger.ts";
import { roleOf } from "../queues.ts";
import type { Scenario } from "../scenario.ts";
import { eventOf, subjectsOf } from "../subjects.ts";
import { FORGOTTEN } from "./key-acts.ts";

/** One event of a call that publishes with keys. */
export interface KeyCall {
	key: string;
	n: number;
	/** Simulated time, epoch milliseconds. */
	askedAt: number;
	work: Work;
	answeredAt?: number;
	/** Null if the event of a batch was not stored. */
	receipt?: Receipt | null;
	/** The code of the error. */
	code?: string | undefined;
}

const DAY = 24 * 3_600_000;

/** A reservation that is older may be taken over, in milliseconds. */
const TAKEOVER = 30_000;

export function judgeKeys(
	scenario: Scenario,
	ledger: Ledger,
	judge: Judge,
): void {
	const skew = scenario.skewed > 0 ? APART : 0;
	for (const calls of Map.groupBy(ledger.keyCalls, ({ key }) => key).values()) {
		const numbers = [...new Set(calls.map(({ n }) => n))];
		const ids = numbers.flatMap((n) => ledger.observed.idsOf(n));
		const times = ids.map(timeOf).sort((a, b) => a - b);
		const gaps = times.slice(1).map((time, i) => time - Number(times[i]));
		const [n] = numbers as [number];
		judge(
			"key",
			n,
			gaps.every((gap) => gap >= DAY - skew),
			`its key stands for the events ${ids.join(", ")} within a day`,
		);
		for (const call of calls) judgeAnswer(call, calls, scenario, judge);
		judgeReceipts(calls, judge);
		if (skew === 0) judgeSends(calls, judge);
	}
}

function judgeAnswer(
	call: KeyCall,
	calls: readonly KeyCall[],
	{ faults }: Scenario,
	judge: Judge,
): void {
	const { n, code, receipt, askedAt, answeredAt = Infinity } = call;
	const before = calls.filter(
		(one) => one.askedAt < answeredAt && one.askedAt > askedAt - FORGOTTEN,
	);
	const isConflict = before.some((one) => one.n !== n);
	const isPending = before.some((one) => one !== call && one.n === n);
	judge(
		"key",
		n,
		code !== "idempotency_conflict" || isConflict,
		"its key was never used for other content, and it was refused",
	);
	judge(
		"key",
		n,
		code !== "idempotency_pending" || isPending,
		"no other call has its key, and it was refused as one that is pending",
	);
	if (receipt)
		judge(
			"key",
			n,
			eventOf(subjectsOf(receipt.id)[0] ?? "-1") === n,
			`it got the receipt of other content, ${receipt.id}`,
		);
	if (faults.length > 0) return;
	const isWithBatch = code === "idempotency_conflict";
	judge(
		"key",
		n,
		receipt !== undefined || isWithBatch,
		`without a fault it was refused: ${code}`,
	);
}

function judgeReceipts(calls: readonly KeyCall[], judge: Judge): void {
	const byEvent = Map.groupBy(
		calls.flatMap(({ n, receipt }) => (receipt ? [{ n, receipt }] : [])),
		({ receipt }) => receipt.id,
	);
	for (const [first, ...others] of byEvent.values())
		for (const { n, receipt } of others)
			judge(
				"key",
				n,
				isDeepStrictEqual(receipt, first?.receipt),
				`its receipts differ: ${JSON.stringify([first?.receipt, receipt])}`,
			);
}

/** Checks that a confirmed event was not sent by another call. */
function judgeSends(calls: readonly KeyCall[], judge: Judge): void {
	const sends = calls.filter((call) => hasSent(call));
	for (const one of sends.filter(isConfirmed))
		for (const other of sends) {
			if (other === one || other.n !== one.n) continue;
			const isLater =
				other.askedAt > Number(one.answeredAt) &&
				other.askedAt < one.askedAt + DAY;
			judge(
				"key",
				one.n,
				!isLater && !isConfirmed(other),
				`a call stored it, and another one sent it again after ${other.askedAt - one.askedAt} ms`,
			);
		}
}

/** Whether the call stored its event and its receipt before another one could take it over. */
function isConfirmed(call: KeyCall): boolean {
	const { receipt, askedAt, answeredAt = Infinity, work } = call;
	const calls = work.calls.filter(({ name }) =>
		/^Keys\/.*\.confirm/.test(name),
	);
	const isBatch = calls.length > 1;
	return (
		Boolean(receipt) &&
		answeredAt - askedAt < TAKEOVER - 5_000 &&
		!isBatch &&
		calls.length === 1 &&
		calls.every(({ isDone }) => isDone)
	);
}

function hasSent({ work, n }: KeyCall): boolean {
	return work.calls.some(
		({ name, subjects, isDone }) =>
			isDone &&
			(roleOf(name) === "events" || isStore(name)) &&
			subjects.includes(String(n)),
	);
}

/** How often an event was stored in the scheduler again, under one key. It may have been sent before. */
export function restoresOf(calls: readonly KeyCall[], n: number): number {
	const stores = calls.filter(
		(call) =>
			call.n === n &&
			call.work.calls.some(
				({ name, subjects, isDone }) =>
					isDone && isStore(name) && subjects.includes(String(n)),
			),
	);
	return Math.max(0, stores.length - 1);
}

function isStore(call: string): boolean {
	return /^Scheduler\/.*\.store$/.test(call);
}

/** The time of a UUIDv7, in epoch milliseconds. */
function timeOf(id: string): number {
	return Number.parseInt(id.replace("-", "").slice(0, 12), 16);
}
