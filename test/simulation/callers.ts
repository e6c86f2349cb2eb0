/** Callers that publish, cancel, reschedule and replay, each in its own isolate. Records their answers. */
import type { PartialPublishError, Receipt } from "tidings";
import { discard, replay } from "../../src/dead-letters/replay.ts";
import { QUEUE_RETENTION } from "../../src/event/limits.ts";
import { listJobs, startJob } from "../../src/jobs/jobs.ts";
import { runStep } from "../../src/jobs/run-step.ts";
import type { EventLife } from "../../src/journal/life.ts";
import { listEvents, readEvent } from "../../src/journal/read.ts";
import { Invocation } from "../../src/testing/platform/invocation.ts";
import { Isolate } from "../../src/testing/platform/isolate.ts";
import {
	MOST_SKEW,
	type Platform,
} from "../../src/testing/platform/platform.ts";
import { readDeadLetters } from "./dead-letters.ts";
import type { Violation } from "./invariants.ts";
import { judgeLife } from "./journal/look-up.ts";
import type { KeyCall } from "./keys/key-laws.ts";
import type { Entry, Ledger, Replay } from "./ledger.ts";
import type { Deed, Publish } from "./scenario.ts";
import type { ShopDeploy } from "./shop.ts";
import { eventOf, number, subjectOf, subjectsOf } from "./subjects.ts";

/** Writes the numbers of its events into their ids. */
class Caller extends Isolate {
	readonly #numbers: number[];

	constructor(
		platform: Platform,
		label: string,
		subjects: readonly string[],
		vars: object | undefined,
	) {
		super(platform, label, { ...platform.env, ...vars });
		this.#numbers = subjects.map(eventOf);
	}

	override randomBytes(bytes: Uint8Array): Uint8Array {
		super.randomBytes(bytes);
		for (let id = 0; id < bytes.length; id += 16)
			number(bytes, id, this.#numbers.shift() as number);
		return bytes;
	}
}

/** Share of callers that do not await their call. */
const UNAWAITED = 0.2;

/** Calls that outlive their request. */
const OUTLIVING: ReadonlySet<string> = new Set([
	"publish",
	"cancel",
	"reschedule",
]);

export class Callers {
	/** What callers read and what is not true. */
	readonly violations: Violation[] = [];
	readonly #platform: Platform;
	readonly #ledger: Ledger;
	/** Calls so far, each in an isolate of its own. */
	#count = 0;

	readonly #deployed: () => ShopDeploy;
	#wokenAt = 0;

	/** @param deployed returns the newest deploy */
	constructor(platform: Platform, ledger: Ledger, deployed: () => ShopDeploy) {
		this.#platform = platform;
		this.#ledger = ledger;
		this.#deployed = deployed;
	}

	publish(published: readonly Publish[]): void {
		const { events } = this.#deployed();
		const { time } = this.#platform;
		const entries = published.map((event) =>
			this.#ledger.publish(event, bodyOf(event), time.now),
		);
		const items = entries.map(({ name, body, after, lane, key }) => ({
			name,
			body,
			...(key !== undefined && { idempotencyKey: key }),
			...(after !== undefined && { after }),
			...(lane !== undefined && { lane }),
		}));
		const calls: KeyCall[] = [];
		const [first] = items;
		const isOne = items.length === 1 && first;
		const { fate } = this.#platform;
		const isAtOnce = fate.next(`at once ${entries[0]?.n}`) < 0.5;
		const publishOne = ({ name, body, ...options }: (typeof items)[number]) =>
			events.publish(name, options, body);
		const { work } = this.#call(
			"publish",
			entries.map(({ n }) => String(n)),
			async () => {
				if (isOne) return [await publishOne(first)];
				if (!isAtOnce) return events.publishBatch(items);
				const ends = await Promise.allSettled(items.map(publishOne));
				return ends.map((end) =>
					end.status === "fulfilled" ? end.value : null,
				);
			},
			(receipts) => this.#answered(entries, receipts, calls),
			(error) => {
				const { receipts, code } = error as PartialPublishError;
				this.#answered(entries, receipts ?? [], calls, code);
			},
		);
		const askedAt = time.now;
		for (const { n, key } of entries)
			if (key !== undefined) calls.push({ key, n, askedAt, work });
		this.#ledger.keyCalls.push(...calls);
	}

	/** Acts on an event with a receipt. */
	move(deed: Deed & { n: number }): void {
		const entry = this.#ledger.entries.get(deed.n);
		const id = entry?.receipt?.id;
		if (!entry || id === undefined) return;
		const { events, ports } = this.#deployed();
		switch (deed.do) {
			case "cancel":
				entry.openCancels++;
				this.#call(
					"cancel",
					[String(entry.n)],
					() => events.cancel(id),
					(done) => {
						entry.openCancels--;
						if (done) entry.cancelledAt = this.#platform.time.now;
					},
				);
				break;
			case "reschedule": {
				// An estimate by the caller's clock, until the answer arrives.
				const clock = this.#platform.time.now + this.#platform.clockOffset;
				const { dueAt: before, latestDueAt } = entry;
				entry.dueAt = Math.min(before, clock - MOST_SKEW + deed.after);
				entry.latestDueAt = Math.max(
					latestDueAt,
					clock + MOST_SKEW + deed.after,
				);
				this.#call(
					"reschedule",
					[String(entry.n)],
					() => events.reschedule(id, deed.after),
					(moved) => {
						entry.dueAt = moved ? moved.time + moved.delay : before;
						entry.latestDueAt = moved ? entry.dueAt : latestDueAt;
					},
				);
				break;
			}
			case "replay": {
				const handler = this.#handlerWithDeadLetter(entry);
				if (handler === undefined) break;
				const body = { ...(entry.body as object), edited: this.#count };
				const edited = deed.isEdited ? { body } : undefined;
				this.#replay(
					"replay",
					[subjectOf(entry.n, handler)],
					() => replay(`${id}:${handler}`, { edited }, ports),
					edited?.body,
				);
				break;
			}
			case "discard": {
				const handler = this.#handlerWithDeadLetter(entry);
				if (handler !== undefined)
					this.#call("discard", [subjectOf(entry.n, handler)], () =>
						discard(`${id}:${handler}`, ports),
					);
			}
		}
	}

	/** Reads the life of an event from the journal. */
	lookUp(n: number): void {
		const id = this.#ledger.entries.get(n)?.receipt?.id;
		const { ports } = this.#deployed();
		if (id === undefined || !ports.journal) return;
		this.#call(
			"look up",
			[String(n)],
			() => readEvent(id, ports),
			(life) => {
				if (life) this.violations.push(...judgeLife(life, this.#ledger));
			},
		);
	}

	/** Lists all events of the journal. @param answered gets them */
	listEvents(answered: (lives: readonly EventLife[]) => void): void {
		const { ports } = this.#deployed();
		const list = async () => {
			const lives: EventLife[] = [];
			let cursor: string | undefined;
			do {
				const page = await listEvents({ cursor, limit: 1_000 }, ports);
				lives.push(...page.events);
				cursor = page.cursor;
			} while (cursor !== undefined);
			return lives;
		};
		this.#call("list events", [], list, answered);
	}

	replayAll(): void {
		const { ports } = this.#deployed();
		const step = { action: "replay", q: "", cursor: null } as const;
		const startedAt = this.#platform.time.now;
		this.#replay("replay all", [], () =>
			runStep({ ...step, by: "job", startedAt }, ports, QUEUE_RETENTION),
		);
	}

	startJob(action: string, q: string): void {
		const { ports } = this.#deployed();
		this.#call("start job", [], () =>
			startJob({ action, q }, "operator", ports as never),
		);
	}

	/** An operator looks at the jobs. Their object has been evicted since. */
	wakeJobs(): void {
		const { time } = this.#platform;
		if (time.now < this.#wokenAt + 60_000) return;
		this.#wokenAt = time.now;
		this.#platform.object("Jobs", "jobs").evict();
		const { ports } = this.#deployed();
		this.#call("list jobs", [], () => listJobs({}, ports));
	}

	#replay(
		what: string,
		subjects: readonly string[],
		act: () => Promise<unknown>,
		edited?: unknown,
	): void {
		const { time } = this.#platform;
		const askedAt = time.now;
		const { work } = this.#call(what, subjects, act, () => {
			replay.answeredAt = time.now;
		});
		const replay: Replay = { askedAt, work, edited };
		this.#ledger.replay(replay);
	}

	/** Returns the handler of a dead letter of the event, or else a handler that ran. */
	#handlerWithDeadLetter({ n, runs }: Entry): string | undefined {
		const deadLetters = [...readDeadLetters(this.#platform).values()];
		const own = deadLetters.find(({ id }) =>
			subjectsOf(id).some((subject) => eventOf(subject) === n),
		);
		return own?.handler ?? [...runs.keys()][0];
	}

	#answered(
		entries: readonly Entry[],
		receipts: readonly (Receipt | null)[],
		calls: readonly KeyCall[],
		code?: string,
	): void {
		const { now } = this.#platform.time;
		for (const [index, call] of calls.entries())
			Object.assign(call, { answeredAt: now, receipt: receipts[index], code });
		for (const [index, receipt] of receipts.entries()) {
			const entry = entries[index];
			if (!entry || !receipt) continue;
			// The first call of a key may have died before it stored the event.
			const isKnown = entry.key !== undefined && entry.receipt !== undefined;
			const earliest = entry.key === undefined ? 0 : now;
			entry.receipt = receipt;
			entry.dueAt = receipt.time + receipt.delay;
			if (!isKnown) entry.latestDueAt = Math.max(entry.dueAt, earliest);
		}
	}

	/** Makes a call. It has no answer if the caller died. */
	#call<Result>(
		what: string,
		subjects: readonly string[],
		act: () => Promise<Result>,
		answered: (result: Result) => void = () => {},
		failed: (error: unknown) => void = () => {},
	): Invocation {
		const label = `caller ${++this.#count}`;
		const caller = new Caller(
			this.#platform,
			`${what} ${subjects[0] ?? ""}`,
			subjects,
			this.#deployed().vars,
		);
		this.#platform.note(what, label, subjects);
		const request = new Invocation(caller);
		caller.batches.add(request.work);
		const done = request.run(act);
		// A call with `waitUntil` need not be awaited.
		const isAwaited =
			!OUTLIVING.has(what) ||
			this.#platform.fate.next(`awaits ${caller.label}`) > UNAWAITED;
		if (!isAwaited) request.returned();
		else done.finally(() => request.returned()).catch(() => {});
		done.then(
			(result) => {
				this.#platform.note(`${what} answered`, label, subjects, result);
				answered(result);
			},
			(error) => {
				this.#platform.note(`${what} failed`, label, subjects, error);
				failed(error);
			},
		);
		return request;
	}
}

function bodyOf({ n, padding }: Publish): unknown {
	return {
		n,
		...(n % 2 === 0 && { visits: n }),
		...(padding > 0 && { padding: "x".repeat(padding) }),
	};
}
