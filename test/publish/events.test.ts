import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test, vi } from "vitest";
import * as z from "zod";
import { listedNames } from "../../src/event/definition.ts";
import { createEvents, type Events, event } from "../../src/index.ts";
import { bindingBus } from "../../src/publish/bus.ts";
import { publisher, worker } from "../../src/worker.ts";
import { even } from "../support/even.ts";
import { installKeys, keyOf } from "../support/http.ts";

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

describe("a strict createEvents", () => {
	const Placed = event("order.placed", z.object({ orderId: z.string() }));
	const Paid = event("order.paid", z.null());
	const Other = event("order.payed", z.null());
	const strict = createEvents({ events: [Placed, Paid], strict: true });
	const owner = worker(strict);
	const Publisher = publisher(strict);
	const refusal = {
		name: "RefusedError",
		code: "unknown_name",
		message: expect.stringMatching(/"order\.payed".*"order\.paid"/),
	};

	test("accepts listed names, and patterns for handlers", async () => {
		expect(await strict.publish("order.paid")).toMatchObject({ delay: 0 });
		expect(await strict.publish(Paid, null)).toMatchObject({ delay: 0 });
		strict.on("order.*", { id: "audit" }, () => {});
		strict.on(["order.placed", "order.paid"], { id: "both" }, () => {});
	});

	test("rejects any other name at every entry point, and names close ones", async () => {
		const loose = strict as unknown as Events;
		const ctx = createExecutionContext() as never;
		const bound = new Publisher(ctx, env as never);
		const items = [{ name: "order.paid" }, { name: "order.payed" }];
		for (const call of [
			() => loose.publish("order.payed"),
			() => loose.publish(Other),
			() => bound.publish("order.payed"),
		])
			await expect(call()).rejects.toMatchObject(refusal);
		for (const call of [
			() => loose.publishBatch(items),
			() => bound.publishBatch(items),
		])
			await expect(call()).rejects.toMatchObject({ ...refusal, index: 1 });
		await installKeys();
		for (const content of [items[1], items]) {
			const request = new Request("https://events.test/v1/events", {
				method: "POST",
				headers: {
					authorization: `Bearer ${keyOf("publish")}`,
					"content-type": "application/json",
				},
				body: JSON.stringify(content),
			});
			const response = await owner.fetch(request as never, env as never, ctx);
			expect(response.status).toBe(422);
			expect(await response.json()).toMatchObject({ code: "unknown_name" });
		}
	});

	test("rejects another name in a Worker that has only the binding", async () => {
		const publish = vi.fn();
		const definitions = new Map([["order.paid", Paid]]);
		const bus = bindingBus({ publish, publishBatch: publish } as never, {
			definitionOf: (name) => definitions.get(name),
			checkListed: listedNames(["order.paid"]),
		});
		const request = { name: "order.payed", body: null };
		await expect(bus.publish(request)).rejects.toMatchObject(refusal);
		await expect(bus.publishBatch([request])).rejects.toMatchObject({
			...refusal,
			index: 0,
		});
		expect(publish).not.toHaveBeenCalled();
	});

	test("rejects a handler for another name, which would never run", () => {
		const on = (target: unknown) =>
			(strict as unknown as Events).on(target as string, () => {});
		for (const target of ["order.payed", Other, ["order.paid", "order.payed"]])
			expect(() => on(target)).toThrow(
				expect.objectContaining({
					code: "invalid_handler",
					message: expect.stringMatching(/"order\.payed".*"order\.paid"/),
				}),
			);
	});

	test("lists its names if none is close", async () => {
		await expect(
			(strict as unknown as Events).publish("user.joined"),
		).rejects.toThrow(/"user\.joined".*order\.placed, order\.paid/);
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
