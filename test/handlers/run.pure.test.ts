import { expect, test } from "vitest";
import type { Outcome } from "../../src/event/outcome.ts";
import { handlerOf } from "../../src/handlers/handler.ts";
import { HandlerRegistry } from "../../src/handlers/registry.ts";
import { run } from "../../src/handlers/run.ts";

const record = JSON.stringify({
	id: "e1",
	name: "order.placed",
	body: {},
	time: 1,
	delay: 0,
});

/**
 * The outcomes that a call reports.
 *
 * @param takes how long each handler takes, in milliseconds
 * @param within no handler starts later than this, in milliseconds
 */
async function reported(
	takes: readonly number[],
	within: number,
): Promise<Outcome["type"][]> {
	let now = 1_800_000_000_000;
	const handlers = new HandlerRegistry();
	for (const [index, ms] of takes.entries()) {
		const slow = () => {
			now += ms;
		};
		handlers.add(handlerOf(["order.placed"], { id: `h${index}` }, slow));
	}
	const reports: Outcome["type"][] = [];
	const called = handlers.list().map(({ id }) => ({
		deliveryHandler: id,
		handler: id,
		attempt: 1,
		timeout: 5_000,
	}));
	await run(
		{ record, handlers: called, within },
		async (_, { type }) => void reports.push(type),
		handlers,
		{ clock: () => now, timer: () => () => {} },
	);
	return reports;
}

test("a handler starts while the time of the call is not over", async () => {
	expect(await reported([999, 0, 0], 1_000)).toEqual([
		"delivered",
		"delivered",
		"delivered",
	]);
	expect(await reported([999, 1, 0], 1_000)).toEqual([
		"delivered",
		"delivered",
		"not_started",
	]);
	expect(await reported([1_000, 0], 1_000)).toEqual([
		"delivered",
		"not_started",
	]);
});

test("no handler starts in a call without time left", async () => {
	expect(await reported([0, 0], 0)).toEqual(["not_started", "not_started"]);
	expect(await reported([0], -1)).toEqual(["not_started"]);
});
