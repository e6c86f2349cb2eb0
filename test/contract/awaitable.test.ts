import fc from "fast-check";
import { expect, test, vi } from "vitest";
import {
	type Awaitable,
	all,
	andThen,
	ending,
	oneByOne,
	recovering,
} from "../../src/contract/awaitable.ts";

const boom = new Error("boom");

/** The four ways in which something may end. */
const ways: Record<string, () => Awaitable<string>> = {
	"answers at once": () => "done",
	"throws at once": () => {
		throw boom;
	},
	"answers later": async () => "done",
	"rejects later": async () => {
		throw boom;
	},
};

test("what follows a value is done at once, what follows a promise after it", async () => {
	expect(andThen(1, (value) => value + 1)).toBe(2);
	const later = andThen(Promise.resolve(1), (value) => value + 1);
	expect(later).toBeInstanceOf(Promise);
	expect(await later).toBe(2);
});

test("values together are values, and with a promise among them a promise of all in their order", async () => {
	expect(all([1, 2])).toEqual([1, 2]);
	const mixed = all([1, Promise.resolve(2), 3]);
	expect(mixed).toBeInstanceOf(Promise);
	expect(await mixed).toEqual([1, 2, 3]);
	await expect(all([1, Promise.reject(boom)])).rejects.toBe(boom);
});

test.each(Object.entries(ways))(
	"what %s comes to its answer or to the recovery",
	async (way, begin) => {
		const recover = vi.fn(() => "recovered");
		const isLate = way.endsWith("later");
		const value = recovering(begin, recover);
		expect(value instanceof Promise).toBe(isLate);
		const fails = !way.startsWith("answers");
		expect(await value).toBe(fails ? "recovered" : "done");
		expect(recover.mock.calls).toEqual(fails ? [[boom]] : []);
	},
);

test.each(Object.entries(ways))(
	"what %s has its end called once, and not before",
	async (way, begin) => {
		const end = vi.fn();
		const ended = async () => ending(begin, end);
		if (way.endsWith("later")) {
			const gate = Promise.withResolvers<void>();
			const waiting = ending(() => gate.promise.then(begin), end);
			expect(end).not.toHaveBeenCalled();
			gate.resolve();
			const [{ status }] = await Promise.allSettled([waiting]);
			expect(status).toBe(way.startsWith("answers") ? "fulfilled" : "rejected");
		} else if (way.startsWith("answers")) expect(await ended()).toBe("done");
		else await expect(ended()).rejects.toBe(boom);
		expect(end).toHaveBeenCalledOnce();
	},
);

test("whichever of them make a pause, each begins when the one before it has ended, and none after one that fails", async () => {
	const acts = fc.array(
		fc.record({ pauses: fc.boolean(), fails: fc.boolean() }),
		{ maxLength: 8 },
	);
	await fc.assert(
		fc.asyncProperty(acts, async (items) => {
			const log: string[] = [];
			const run = async () =>
				oneByOne(items, ({ pauses, fails }, index) => {
					log.push(`begin ${index}`);
					const finish = () => {
						log.push(`end ${index}`);
						if (fails) throw boom;
					};
					return pauses ? Promise.resolve().then(finish) : finish();
				});
			const first = items.findIndex(({ fails }) => fails);
			if (first < 0) await run();
			else await expect(run()).rejects.toBe(boom);
			const ran = first < 0 ? items : items.slice(0, first + 1);
			expect(log).toEqual(
				ran.flatMap((_, index) => [`begin ${index}`, `end ${index}`]),
			);
		}),
	);
});
