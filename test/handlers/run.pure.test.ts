import { expect, test } from "vitest";
import type { Report } from "../../src/event/outcome.ts";
import { Handlers, handlerOf } from "../../src/handlers/handler.ts";
import { run } from "../../src/handlers/run.ts";

const record = JSON.stringify({
	id: "e1",
	name: "order.placed",
	body: {},
	time: 1,
	delay: 0,
});

/** What is reported of handlers that take so many milliseconds each, in a call in which they begin within so many. */
async function reported(
	takes: readonly number[],
	within: number,
): Promise<Report["type"][]> {
	let now = 1_800_000_000_000;
	const handlers = new Handlers();
	for (const [index, ms] of takes.entries()) {
		const slow = () => {
			now += ms;
		};
		handlers.add(handlerOf(["order.placed"], { id: `h${index}` }, slow));
	}
	const reports: Report["type"][] = [];
	const called = handlers.list().map(({ id }) => ({
		delivery: id,
		handler: id,
		attempt: 1,
		timeout: 5_000,
	}));
	await run(
		{ record, handlers: called, within },
		(_, { type }) => void reports.push(type),
		{ handlers, clock: () => now, timer: () => () => {} },
	);
	return reports;
}

test("a handler begins as long as the call's time is not over by those before it", async () => {
	expect(await reported([999, 0, 0], 1_000)).toEqual([
		"delivered",
		"delivered",
		"delivered",
	]);
	expect(await reported([999, 1, 0], 1_000)).toEqual([
		"delivered",
		"delivered",
		"not_begun",
	]);
	expect(await reported([1_000, 0], 1_000)).toEqual(["delivered", "not_begun"]);
});

test("no handler begins in a call that has no time left", async () => {
	expect(await reported([0, 0], 0)).toEqual(["not_begun", "not_begun"]);
	expect(await reported([0], -1)).toEqual(["not_begun"]);
});
