import { describe, expect, test, vi } from "vitest";
import * as z from "zod";
import { createEvents, event } from "../../src/index.ts";
import { worker } from "../../src/worker.ts";
import { even } from "../support/even.ts";

test("two definitions of one name are rejected", () => {
	expect(() =>
		createEvents({ events: [event("a.b", even), event("a.b", z.string())] }),
	).toThrow(/two definitions.*"a\.b"/);
});

describe("a definition publishes", () => {
	test("through the one createEvents that lists it", async () => {
		const observe = vi.fn();
		const Even = event("even.number", even);
		worker(createEvents({ events: [Even], observe }));
		await expect(Even.publish(2 as never)).resolves.toMatchObject({ delay: 0 });
		await expect(
			Even.publish({ after: "1 hour" }, 4 as never),
		).resolves.toMatchObject({ delay: 3_600_000 });
		expect(observe.mock.calls.map(([{ type }]) => type)).toEqual([
			"published",
			"scheduled",
		]);
		await expect(Even.publish(3 as never)).rejects.toMatchObject({
			code: "schema_violation",
			issues: [{ path: "half.0", message: "not even" }],
		});
	});

	test("through none if none lists it, or if several do", async () => {
		const Lonely = event("lonely.one", even);
		await expect(Lonely.publish(2 as never)).rejects.toThrow(
			/listed by no createEvents/,
		);
		createEvents({ events: [Lonely] });
		createEvents({ events: [Lonely] });
		await expect(Lonely.publish(2 as never)).rejects.toThrow(
			/listed by 2 createEvents/,
		);
	});
});

test("a publish by definition checks its schema, although createEvents does not list it", async () => {
	const events = createEvents();
	worker(events);
	const Strict = event("strict.one", z.object({ n: z.number() }));
	await expect(
		events.publish(Strict, { n: "no" } as never),
	).rejects.toMatchObject({
		code: "schema_violation",
		issues: [{ path: "n" }],
	});
	await expect(events.publish(Strict, { n: 1 })).resolves.toMatchObject({
		delay: 0,
	});
});

test("createEvents rejects an unknown option, and a value that is not a definition", () => {
	expect(() => createEvents({ event: [] } as never)).toThrow(
		/createEvents: unknown key "event"/,
	);
	expect(() => createEvents({ events: ["a.b"] } as never)).toThrow(
		/"a\.b" is not a definition/,
	);
});

test("a handler is registered for a name, for several names or for a definition, and options may be undefined", () => {
	const on = (...args: unknown[]) =>
		(createEvents() as { on(...args: unknown[]): void }).on(...args);
	const run = () => {};
	expect(() => on("order.placed", undefined, run)).not.toThrow();
	expect(() => on(["order.placed", "order.paid"], run)).not.toThrow();
	expect(() => on(event("even.number", even), run)).not.toThrow();
	expect(() => on([], run)).toThrow(/needs a name or pattern/);
	expect(() => on("a", "no function")).toThrow(/not a function/);
});
