/** The rules of the journal: Bloom filters, pages, searches, counts and the life of an event. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { newId } from "../../src/event/id.ts";
import {
	addAll,
	addKey,
	mayHave,
	newBloom,
	SMALLEST_FILTER,
} from "../../src/journal/bloom.ts";
import {
	addCounts,
	BOUNDS,
	countsOf,
	NO_COUNTS,
	quantileOf,
} from "../../src/journal/counters.ts";
import type { Entry, Step } from "../../src/journal/entry.ts";
import { lifeOf } from "../../src/journal/life.ts";
import { type ListCursor, listEntries } from "../../src/journal/list.ts";
import { findLives, type LivesPlace } from "../../src/journal/lives.ts";
import {
	entriesIn,
	entriesOf,
	type Page,
	pageOf,
	partsIn,
} from "../../src/journal/page.ts";
import {
	isMatch,
	mayMatch,
	mayMatchPart,
	type ReadablePages,
	search,
} from "../../src/journal/search.ts";
import type { Filter } from "../../src/lists/filter.ts";

const T0 = Date.UTC(2027, 0, 14);
const error = { name: "Error", message: "the bank did not answer" };

const step = fc.oneof(
	fc.record({
		type: fc.constant("delivered"),
		at: fc.integer({ min: T0, max: T0 + 99 }),
		handler: fc.constantFrom("mail", "shop/pay"),
		attempt: fc.nat(3),
		startedAt: fc.integer({ min: T0 - 5, max: T0 }),
	}),
	fc.record({
		type: fc.constant("dead"),
		at: fc.integer({ min: T0, max: T0 + 99 }),
		handler: fc.constantFrom("mail", "shop/pay"),
		attempt: fc.nat(3),
		cause: fc.constant("exhausted"),
		error: fc.constant(error),
	}),
	fc.record({ type: fc.constant("ignored"), at: fc.constant(T0 + 3) }),
) as unknown as fc.Arbitrary<Step>;

const entry: fc.Arbitrary<Entry> = fc.record({
	id: fc.constantFrom("e1", "e2", "e3"),
	time: fc.constant(T0),
	name: fc.constantFrom("order.paid", "order.lost", "user.joined"),
	tags: fc.dictionary(fc.constantFrom("a", "b"), fc.constantFrom("1", "2")),
	steps: fc.array(step, { minLength: 1, maxLength: 3 }),
	body: fc.constantFrom('{"n":1}', '{"n":2}'),
});

const filter = fc.record(
	{
		id: fc.constantFrom("e1", "e4"),
		name: fc.constantFrom("order.*", "**"),
		handler: fc.constantFrom("mail", "shop/*"),
		state: fc.constantFrom("dead", "delivered", "retrying"),
		cause: fc.constant("exhausted"),
		text: fc.constantFrom("BANK", "n"),
		tags: fc.dictionary(fc.constantFrom("a", "b"), fc.constantFrom("1", "2")),
		since: fc.integer({ min: T0, max: T0 + 99 }),
		until: fc.integer({ min: T0, max: T0 + 99 }),
	},
	{ requiredKeys: [] },
) as fc.Arbitrary<Filter>;

describe("a Bloom filter", () => {
	test("has every key that was added, also after it was merged", () => {
		fc.assert(
			fc.property(
				fc.array(fc.string()),
				fc.array(fc.string()),
				(one, other) => {
					const filter = newBloom(one.length);
					const second = newBloom(other.length);
					for (const key of one) addKey(filter, key);
					for (const key of other) addKey(second, key);
					addAll(filter, second);
					for (const key of [...one, ...other])
						expect(mayHave(filter, key)).toBe(true);
				},
			),
		);
	});

	test("seldom has a key that was not added, however full it is", () => {
		const filter = newBloom(512);
		expect(filter.length).toBe(SMALLEST_FILTER);
		for (let n = 0; n < 512; n++) addKey(filter, `tag.customer=c${n}`);
		let wrong = 0;
		for (let n = 512; n < 100_512; n++)
			if (mayHave(filter, `tag.customer=c${n}`)) wrong++;
		expect(wrong / 100_000).toBeLessThan(0.001);
	});
});

describe("a page", () => {
	test("returns the entries that it was made of, in parts", async () => {
		await fc.assert(
			fc.asyncProperty(
				fc.array(fc.array(entry, { minLength: 1 }), { maxLength: 4 }),
				async (parts) => {
					const pages = await Promise.all(parts.map(pageOf));
					const data = new Uint8Array(pages.flatMap((page) => [...page.data]));
					expect(await entriesIn(data)).toEqual(parts.flat());
				},
			),
			{ numRuns: 30 },
		);
	});

	test("knows the place of each part, and whether one of its entries can match, before it is read", async () => {
		await fc.assert(
			fc.asyncProperty(
				fc.array(fc.array(entry, { minLength: 1 }), { maxLength: 4 }),
				filter,
				async (parts, filter) => {
					const pages = await Promise.all(parts.map((one) => pageOf(one)));
					const data = new Uint8Array(pages.flatMap((page) => [...page.data]));
					for (const part of partsIn(data)) {
						const { offset, count } = part;
						const entries = await entriesOf(part);
						const place = parts.flat().slice(offset, offset + count);
						expect(entries).toEqual(place);
						if (entries.some((one) => isMatch(one, filter)))
							expect(mayMatchPart(part, filter)).toBe(true);
					}
				},
			),
			{ numRuns: 50 },
		);
	});

	test("has an entry of each state that the life of an event shows", () => {
		const at = { id: "e1", name: "order.paid", time: T0 };
		for (const [step, state] of [
			[{ type: "replayed", handler: "mail" }, "replaying"],
			[{ type: "split", handlers: ["mail"] }, "queued"],
			[{ type: "rescheduled", dueAt: T0 + 9 }, "scheduled"],
		] as const) {
			const one = { ...at, steps: [{ at: T0, ...step } as Step] };
			expect(lifeOf([one]).state).toBe(state);
			expect(isMatch(one, { state })).toBe(true);
			expect(isMatch(one, { state: "dead" })).toBe(false);
		}
	});

	test("is opened whenever one of its entries matches", async () => {
		await fc.assert(
			fc.asyncProperty(
				fc.array(entry, { minLength: 1 }),
				filter,
				async (entries, filter) => {
					const page = await pageOf(entries);
					if (entries.some((one) => isMatch(one, filter)))
						expect(mayMatch(page, filter)).toBe(true);
				},
			),
		);
	});
});

describe("counts", () => {
	test("are the same, whether batches are counted together or one by one", () => {
		fc.assert(
			fc.property(fc.array(entry), fc.array(entry), (one, other) => {
				const sum = addCounts(
					addCounts(NO_COUNTS, countsOf(one)),
					countsOf(other),
				);
				expect(sum).toEqual(countsOf([...one, ...other]));
			}),
		);
	});

	test("of durations give quantiles within their bucket", () => {
		const durations = Array.from({ length: BOUNDS.length + 1 }, () => 0);
		expect(quantileOf(durations, 0.5)).toBeNull();
		durations[3] = 98;
		durations[8] = 2;
		expect(quantileOf(durations, 0.5)).toBeGreaterThan(25);
		expect(quantileOf(durations, 0.5)).toBeLessThanOrEqual(50);
		expect(quantileOf(durations, 0.99)).toBeGreaterThan(1_000);
		expect(quantileOf(durations, 0.99)).toBeLessThanOrEqual(2_500);
		durations[11] = 100_000;
		expect(quantileOf(durations, 0.99)).toBe(15_000);
	});
});

describe("the life of an event", () => {
	const of = (at: number, step: object): Entry => ({
		id: "e1",
		name: "order.paid",
		time: T0,
		steps: [{ at, ...step } as Step],
	});
	const attempt = (type: string, attempt: number, handler = "mail") => ({
		type,
		handler,
		attempt,
	});

	test("has the state of its worst delivery, in any order of its entries", () => {
		const entries = [
			{ ...of(T0 + 1, attempt("retrying", 1)), queuedMs: 4, tags: { a: "1" } },
			{
				...of(T0 + 9, { ...attempt("dead", 2), cause: "exhausted", error }),
				// Of a later message.
				queuedMs: 1,
				tags: { a: "1" },
			},
			of(T0 + 1, attempt("delivered", 1, "audit")),
		];
		const expected = {
			state: "dead",
			at: T0 + 9,
			queuedMs: 4,
			tags: { a: "1" },
			deliveries: [
				{
					handler: "mail",
					state: "dead",
					attempts: [{ attempt: 1 }, { attempt: 2 }],
				},
				{ handler: "audit", state: "delivered" },
			],
		};
		expect(lifeOf(entries)).toMatchObject(expected);
		expect(
			lifeOf([entries[0], entries[2], entries[1]] as Entry[]),
		).toMatchObject(expected);
	});

	test("is delivered only if no delivery was discarded", () => {
		const delivered = of(T0 + 1, attempt("delivered", 1, "audit"));
		const dead = of(T0 + 1, {
			...attempt("dead", 1),
			cause: "exhausted",
			error,
		});
		const discarded = of(T0 + 9, { type: "discarded", handler: "mail" });
		expect(lifeOf([delivered]).state).toBe("delivered");
		expect(lifeOf([delivered, dead, discarded]).state).toBe("discarded");
	});

	test.each([{ type: "rescheduled", dueAt: T0 + 99 }, { type: "cancelled" }])(
		"keeps its publisher and tags before it is delivered, after $type",
		(later) => {
			const labels = { by: "storefront", tags: { customer: "c42" } };
			const scheduled = of(T0, { type: "scheduled", dueAt: T0 + 50 });
			const entries = [of(T0 + 9, later), { ...scheduled, ...labels }];
			expect(lifeOf(entries)).toMatchObject(labels);
			expect(lifeOf(entries.toReversed())).toMatchObject(labels);
		},
	);

	test("has the body with which it was published, also after a replay with another one", () => {
		const failed = of(T0 + 1, {
			...attempt("dead", 1),
			cause: "exhausted",
			error,
		});
		const entries = [
			{ ...of(T0 + 9, attempt("delivered", 1)), body: '{"total":2}' },
			{ ...failed, body: '{"total":1}' },
		];
		expect(lifeOf(entries).body).toBe('{"total":1}');
		expect(lifeOf(entries.toReversed()).body).toBe('{"total":1}');
	});

	test.each([
		[[{ type: "scheduled", dueAt: T0 + 99 }], "scheduled"],
		[
			[{ type: "scheduled", dueAt: T0 + 99 }, { type: "cancelled" }],
			"cancelled",
		],
		[[{ type: "ignored" }], "ignored"],
		[[{ type: "split", handlers: ["mail"] }], "queued"],
		[[attempt("dead", 3), { type: "replayed", handler: "mail" }], "replaying"],
		[
			[
				attempt("dead", 3),
				{ type: "replayed", handler: "mail" },
				attempt("delivered", 1),
			],
			"delivered",
		],
		[[attempt("waiting", 1)], "waiting"],
	] as const)("after %j it is %s", (steps, state) => {
		const entries = steps.map((step, index) => of(T0 + index, step));
		expect(lifeOf(entries).state).toBe(state);
	});
});

test("a search that ends in the middle of a day goes on there, whatever the days before have", async () => {
	const counts = new Map([
		[20_001, 700],
		[20_000, 9_500],
	]);
	const read = new Map<number, number>();
	const pages = {
		days: () => [...counts.keys()],
		summaries(day: number, before: number, limit: number) {
			const last = Math.min(before - 1, counts.get(day) ?? 0);
			const length = Math.min(limit, last);
			read.set(day, (read.get(day) ?? 0) + length);
			return Array.from({ length }, (_, n) => ({
				day,
				id: last - n,
				first: 1,
				last: 1,
				failures: 0,
				names: [],
				handlers: [],
				bloom: new Uint8Array(1_024),
			}));
		},
		data: () => undefined,
	} as unknown as ReadablePages;
	const filter = { name: "a.b" };
	const first = await search(filter, undefined, 10, pages);
	expect(read.get(20_000)).toBe(9_300);
	expect(first.cursor).toBeDefined();
	const rest = await search(filter, first.cursor, 10, pages);
	expect(rest.cursor).toBeUndefined();
	expect(read.get(20_000)).toBe(9_500);
});

describe("the events of a job", () => {
	/** Pages of one day, numbered from 1. A page without data cannot be read. */
	function journalOf(all: readonly (Page | { bloom: Uint8Array })[]) {
		const counts = { read: 0, opened: 0 };
		const day = Math.floor(T0 / 86_400_000);
		const bare = { first: T0, last: T0, count: 1, failures: 0 };
		const pages = {
			days: () => [day],
			summaries(_: number, before: number, limit: number) {
				const last = Math.min(before - 1, all.length);
				const length = Math.min(limit, last);
				counts.read += length;
				return Array.from({ length }, (_, n) => ({
					...bare,
					names: [],
					handlers: [],
					...all[last - n - 1],
					day,
					id: last - n,
				}));
			},
			data(_: number, id: number) {
				counts.opened++;
				return (all[id - 1] as Page).data;
			},
		} as unknown as ReadablePages;
		return { pages, counts };
	}

	const mine = (n: number, changes: Partial<Entry> = {}): Entry => ({
		id: `e${n}`,
		name: "order.paid",
		time: T0,
		queuedMs: 1,
		steps: [{ type: "ignored", at: T0 } as never],
		...changes,
	});
	const other = (n: number) => mine(n, { name: "user.joined", queuedMs: 0 });

	/** Runs a job to its end. Each step reads a bounded number of summaries and pages. */
	async function findAll(pages: ReadablePages, counts: Record<string, number>) {
		const found = [];
		const incomplete: string[] = [];
		let [place, unreadable, steps]: [LivesPlace | undefined, number, number] = [
			undefined,
			0,
			0,
		];
		do {
			Object.assign(counts, { read: 0, opened: 0 });
			const query = { filter: { name: "order.*" }, names: ["**"], limit: 100 };
			// As in the row of the job.
			const stored = place && JSON.parse(JSON.stringify(place));
			const result = await findLives({ ...query, place: stored }, pages);
			expect(counts.read).toBeLessThanOrEqual(16_000);
			expect(counts.opened).toBeLessThanOrEqual(800);
			expect(JSON.stringify(result.next ?? "").length).toBeLessThan(20_000);
			found.push(...result.found);
			incomplete.push(...result.incomplete);
			unreadable += result.unreadable;
			place = result.next;
			steps++;
		} while (place);
		return { found, incomplete, unreadable, steps };
	}

	test("are found in steps, each of which reads a bounded number of summaries", async () => {
		const empty = { bloom: new Uint8Array(1_024) };
		const { pages, counts } = journalOf([
			await pageOf([mine(1), mine(2)]),
			...Array.from({ length: 13_000 }, () => empty),
			await pageOf([other(1)]),
		]);
		const { found, steps } = await findAll(pages, counts);
		expect(steps).toBeGreaterThan(2);
		// The other entry of e1, which does not match, waited for a shorter time.
		expect(found).toMatchObject([
			{ id: "e2", queuedMs: 1 },
			{ id: "e1", queuedMs: 0 },
		]);
	});

	test("are found in smaller batches if their entries are on many pages", async () => {
		const all = Array.from({ length: 100 }, (_, n) => mine(n));
		// Each event has five further entries.
		const others = await Promise.all(
			all
				.flatMap((_, n) => [n, n, n, n, n])
				.map((n) => pageOf([other(n), other(1_000)])),
		);
		const { pages, counts } = journalOf([await pageOf(all), ...others]);
		const { found } = await findAll(pages, counts);
		expect(found.map(({ id }) => id).toSorted()).toEqual(
			all.map(({ id }) => id).toSorted(),
		);
	});

	test("name those that a page which cannot be read may have, and count that page once", async () => {
		const all = Array.from({ length: 250 }, (_, n) => mine(n));
		const { data: _, ...unreadable } = await pageOf([other(3), other(249)]);
		const { pages, counts } = journalOf([await pageOf(all), unreadable]);
		const result = await findAll(pages, counts);
		expect(result).toMatchObject({ unreadable: 1, incomplete: ["e249", "e3"] });
		expect(result.found).toHaveLength(250);
	});
});

test("a list has each event once, with its entries until the latest that matches, however they are cut into pages and parts", async () => {
	const batches = fc.array(
		fc.uniqueArray(fc.record({ n: fc.nat(5), isDead: fc.boolean() }), {
			minLength: 1,
			maxLength: 4,
			selector: ({ n }) => n,
		}),
		{ minLength: 1, maxLength: 8 },
	);
	const cuts = fc.record({
		parts: fc.integer({ min: 1, max: 4 }),
		limit: fc.integer({ min: 1, max: 3 }),
	});
	const filters = fc.constantFrom<Filter>({}, { state: "dead" });
	await fc.assert(
		fc.asyncProperty(batches, cuts, filters, async (batches, cut, filter) => {
			const ids = Array.from({ length: 6 }, () => newId(T0, 4));
			const timeOf = (batch: number) => T0 + 5_000 * batch;
			const all = batches.map((given, batch) =>
				given.map(({ n, isDead }): Entry => {
					const first = batches.findIndex((one) => one.some((e) => e.n === n));
					const at = timeOf(batch);
					const dead = {
						handler: "mail",
						attempt: 1,
						cause: "exhausted",
						error,
					};
					const step = isDead ? { type: "dead", ...dead } : { type: "ignored" };
					return {
						id: ids[n] as string,
						name: "order.paid",
						time: timeOf(first),
						steps: [{ at, ...step } as Step],
					};
				}),
			);
			const parts = await Promise.all(all.map((one) => pageOf(one, 1_024)));
			const pages: Page[] = [];
			for (let at = 0; at < parts.length; at += cut.parts)
				pages.push(parts.slice(at, at + cut.parts).reduce(joined));
			const found: Entry[][] = [];
			let from: ListCursor | undefined;
			do {
				const page = await listEntries(filter, from, cut.limit, pagesOf(pages));
				expect(page.events.length).toBeLessThanOrEqual(cut.limit);
				expect(page.unreadable).toBe(0);
				found.push(...page.events);
				from = page.cursor;
			} while (from);
			const latestFirst = all
				.map((one) => one.toReversed())
				.reverse()
				.flat();
			const matching = latestFirst.filter((one) => isMatch(one, filter));
			const listed = [...new Set(matching.map(({ id }) => id))];
			expect(found).toEqual(
				listed.map((id) => {
					const mine = latestFirst.filter((one) => one.id === id);
					return mine.slice(mine.findIndex((one) => isMatch(one, filter)));
				}),
			);
		}),
		{ numRuns: 200 },
	);
});

/** A page to which another one was appended. */
function joined(one: Page, other: Page): Page {
	const bloom = one.bloom.slice();
	addAll(bloom, other.bloom);
	return {
		first: Math.min(one.first, other.first),
		last: Math.max(one.last, other.last),
		count: one.count + other.count,
		failures: one.failures + other.failures,
		names: [...one.names, ...other.names],
		handlers: [...one.handlers, ...other.handlers],
		keys: one.keys + other.keys,
		bloom,
		data: new Uint8Array([...one.data, ...other.data]),
	};
}

/** Pages of one day, numbered from 1. */
function pagesOf(pages: readonly Page[]): ReadablePages {
	const day = Math.floor(T0 / 86_400_000);
	return {
		days: () => [day],
		summaries: (_, before, limit) =>
			pages
				.map((page, index) => ({ ...page, day, id: index + 1, deploy: "v1" }))
				.filter(({ id }) => id < before)
				.reverse()
				.slice(0, limit),
		data: (_, id) => pages[id - 1]?.data,
	};
}
