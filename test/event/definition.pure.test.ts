import { describe, expect, test, vi } from "vitest";
import * as z from "zod";
import {
	byName,
	checkBody,
	event,
	isDefinition,
	listed,
	parseBody,
} from "../../src/event/definition.ts";
import { even } from "../support/even.ts";

test.each(["order placed", "order.*", "", "x".repeat(129)])(
	"a definition with the name %j is rejected",
	(name) => {
		expect(() => event(name, even)).toThrow(
			expect.objectContaining({ code: "invalid_name" }),
		);
	},
);

test.each([undefined, null, {}, () => true])(
	"a value that is not a Standard Schema is rejected",
	(schema) => {
		expect(() => event("a.b", schema as never)).toThrow(
			expect.objectContaining({
				code: "invalid_request",
				message: expect.stringContaining(
					'event "a.b": its schema is not a Standard Schema',
				),
			}),
		);
	},
);

describe("a definition publishes", () => {
	test("through the createEvents that lists it, with unchanged arguments", async () => {
		const Even = event("even.number", even);
		const receipt = { id: "e1", time: 1, delay: 0 };
		const publisher = vi.fn(async (_: readonly unknown[]) => receipt);
		listed(Even, publisher);
		const args = [{ after: "1 hour" }, 4] as const;
		await expect(Even.publish(...(args as never))).resolves.toBe(receipt);
		expect(publisher.mock.calls).toEqual([[args]]);
	});

	test("through none if none lists it, or if several do", async () => {
		const Lonely = event("lonely.one", even);
		const refused = (by: string) =>
			expect(Lonely.publish(2 as never)).rejects.toMatchObject({
				code: "invalid_request",
				message: expect.stringContaining(
					`event "lonely.one" is listed by ${by} createEvents`,
				),
			});
		await refused("no");
		const publisher = vi.fn();
		listed(Lonely, publisher);
		listed(Lonely, publisher);
		await refused("2");
		listed(Lonely, publisher);
		await refused("3");
		expect(publisher).not.toHaveBeenCalled();
	});
});

describe("a definition is recognized", () => {
	test("by its name and its schema", () => {
		expect(isDefinition(event("a.b", even))).toBe(true);
		expect(isDefinition({ name: "a.b", schema: z.string() })).toBe(true);
	});

	test.for([
		undefined,
		null,
		"a.b",
		{ name: "a.b" },
		{ schema: even },
		{ name: "a.b", schema: {} },
		{ name: "a.b", schema: { "~standard": { version: 2 } } },
		{ name: 5, schema: even },
	])("%j is not a definition", (value) => {
		expect(isDefinition(value)).toBe(false);
	});
});

describe("a body and its schema", () => {
	const Order = z.object({
		items: z.array(z.object({ price: z.coerce.number() })),
		tags: z.string().array().default([]),
	});

	/** A schema with this many issues and no paths. */
	const faulty = (faults: number) => ({
		"~standard": {
			version: 1 as const,
			vendor: "test",
			validate: () => ({
				issues: Array.from({ length: faults }, (_, n) => ({
					message: `fault ${n + 1}`,
				})),
			}),
		},
	});

	test("give the schema's output, or its issues with their paths", async () => {
		const body = { items: [{ price: "12.5" }] };
		expect(await parseBody(Order, body)).toEqual({
			value: { items: [{ price: 12.5 }], tags: [] },
		});
		const broken = { items: [{ price: 1 }, { price: "much" }] };
		expect(await parseBody(Order, broken)).toEqual({
			issues: [{ path: "items.1.price", message: expect.any(String) }],
		});
		expect(await parseBody(even, 3)).toEqual({
			issues: [{ path: "half.0", message: "not even" }],
		});
		expect(await parseBody(faulty(1), 3)).toEqual({
			issues: [{ path: "", message: "fault 1" }],
		});
	});

	test("that match are accepted", async () => {
		await expect(checkBody("a.b", even, 2)).resolves.toBeUndefined();
		await expect(checkBody("a.b", z.null(), null)).resolves.toBeUndefined();
	});

	test("that do not match are rejected with the issues, the first five in the message", async () => {
		await expect(checkBody("a.b", even, 3)).rejects.toMatchObject({
			code: "schema_violation",
			message: 'body: it does not match the schema of "a.b": half.0: not even',
			issues: [{ path: "half.0", message: "not even" }],
		});
		const refused = await checkBody("a.b", faulty(6), 1).catch(
			(error) => error,
		);
		expect(refused.issues).toHaveLength(6);
		expect(refused.message).toMatch(
			/: \(body\): fault 1; \(body\): fault 2; .*; \(body\): fault 5$/,
		);
	});
});

describe("a list of definitions", () => {
	test("is a map by name", () => {
		const [A, B] = [event("a.b", even), event("a.c", even)];
		expect([...byName([A, B])]).toEqual([
			["a.b", A],
			["a.c", B],
		]);
	});

	test.each([
		[
			"two definitions of one name",
			[event("a.b", even), event("a.b", even)],
			'createEvents: two definitions have the name "a.b": list one',
		],
		[
			"a value that is not a definition",
			["a.b" as never],
			'createEvents: events: "a.b" is not a definition: list the result of event(name, schema)',
		],
	])("with %s is rejected", (_, definitions, message) => {
		expect(() => byName(definitions)).toThrow(
			expect.objectContaining({ code: "invalid_request", message }),
		);
	});
});
