/** Those who publish, cancel, move and replay, each in an isolate of its own, and what they were answered. */
import type { PartialPublishError, Receipt } from "tidings";
import { discard, replay, replayAll } from "../../src/replay.ts";
import type { Entry, Ledger } from "./ledger.ts";
import { Invocation } from "./platform/invocation.ts";
import { Isolate } from "./platform/isolate.ts";
import { MOST_SKEW, type Platform } from "./platform/platform.ts";
import type { Deed, Publish } from "./scenario.ts";
import type { ShopDeploy } from "./shop.ts";
import { number } from "./subjects.ts";

/** Numbers the events that it publishes, so that their ids tell which they are. */
class Caller extends Isolate {
	readonly #numbers: number[];

	constructor(platform: Platform, label: string, numbers: readonly number[]) {
		super(platform, label);
		this.#numbers = [...numbers];
	}

	override randomBytes(bytes: Uint8Array): Uint8Array {
		super.randomBytes(bytes);
		number(bytes, this.#numbers.shift() as number);
		return bytes;
	}
}

/** How often a caller has gone before its call is done. */
const UNAWAITED = 0.2;

/** The calls that are done all the same. */
const KEPT: ReadonlySet<string> = new Set(["publish", "cancel", "reschedule"]);

export class Callers {
	readonly #platform: Platform;
	readonly #ledger: Ledger;
	/** Calls so far, each in an isolate of its own. */
	#count = 0;

	constructor(platform: Platform, ledger: Ledger) {
		this.#platform = platform;
		this.#ledger = ledger;
	}

	publish(published: readonly Publish[], { events }: ShopDeploy): void {
		const { time } = this.#platform;
		const entries = published.map((event) =>
			this.#ledger.publish(event, bodyOf(event), time.now),
		);
		const items = entries.map(({ name, body, after }) => ({
			name,
			body,
			...(after !== undefined && { after }),
		}));
		const [first] = items;
		const isOne = items.length === 1 && first;
		this.#call(
			"publish",
			entries.map(({ n }) => n),
			async () => {
				if (!isOne) return events.publishBatch(items);
				const { name, body, after } = first;
				const options = after === undefined ? {} : { after };
				return [await events.publish(name, options, body)];
			},
			(receipts) => this.#answered(entries, receipts),
			(error) =>
				this.#answered(entries, (error as PartialPublishError).receipts ?? []),
		);
	}

	/** Something that is done with an event that was answered with a receipt. */
	move(deed: Deed & { n: number }, deploy: ShopDeploy): void {
		const entry = this.#ledger.entries.get(deed.n);
		const id = entry?.receipt?.id;
		if (!entry || id === undefined) return;
		const { events, owner } = deploy;
		switch (deed.do) {
			case "cancel":
				entry.openCancels++;
				this.#call(
					"cancel",
					[entry.n],
					() => events.cancel(id),
					(done) => {
						entry.openCancels--;
						if (done) entry.cancelledAt = this.#platform.time.now;
					},
				);
				break;
			case "reschedule": {
				// As the caller's clock may have it, until it is answered.
				const clock = this.#platform.time.now + this.#platform.clockOffset;
				const before = entry.dueAt;
				entry.dueAt = Math.min(before, clock - MOST_SKEW + deed.after);
				this.#call(
					"reschedule",
					[entry.n],
					() => events.reschedule(id, deed.after),
					(moved) => {
						entry.dueAt = moved ? moved.time + moved.delay : before;
					},
				);
				break;
			}
			case "replay":
			case "discard": {
				const act = async (letter: string) =>
					deed.do === "replay"
						? replay(letter, undefined, owner)
						: discard(letter, owner);
				const [handler] = entry.runs.keys();
				if (handler !== undefined)
					this.#call(deed.do, [entry.n], () => act(`${id}:${handler}`));
			}
		}
	}

	replayAll({ owner }: ShopDeploy): void {
		this.#call("replay all", [], () => replayAll({}, owner));
	}

	#answered(
		entries: readonly Entry[],
		receipts: readonly (Receipt | null)[],
	): void {
		for (const [index, receipt] of receipts.entries()) {
			const entry = entries[index];
			if (!entry || !receipt) continue;
			entry.receipt = receipt;
			entry.dueAt = receipt.time + receipt.delay;
		}
	}

	/** An answer that never comes, because the caller died or nobody answered, is none. */
	#call<Result>(
		what: string,
		numbers: readonly number[],
		act: () => Promise<Result>,
		answered: (result: Result) => void = () => {},
		failed: (error: unknown) => void = () => {},
	): void {
		const label = `caller ${++this.#count}`;
		const subjects = numbers.map(String);
		const caller = new Caller(
			this.#platform,
			`${what} ${subjects[0] ?? ""}`,
			numbers,
		);
		this.#platform.tell(what, label, subjects);
		const request = new Invocation(caller);
		const done = request.run(act);
		// What is handed to waitUntil need not be awaited.
		const isAwaited =
			!KEPT.has(what) ||
			this.#platform.fate.next(`awaits ${caller.label}`) > UNAWAITED;
		if (!isAwaited) request.returned();
		else done.finally(() => request.returned()).catch(() => {});
		done.then(
			(result) => {
				this.#platform.tell(`${what} answered`, label, subjects, result);
				answered(result);
			},
			(error) => {
				this.#platform.tell(`${what} failed`, label, subjects, error);
				failed(error);
			},
		);
	}
}

function bodyOf({ n, padding }: Publish): unknown {
	return {
		n,
		...(n % 2 === 0 && { visits: n }),
		...(padding > 0 && { padding: "x".repeat(padding) }),
	};
}
