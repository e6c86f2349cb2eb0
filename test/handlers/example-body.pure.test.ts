import { expect, test } from "vitest";
import * as z from "zod";
import { exampleOf } from "../../src/handlers/example-body.ts";

const now = Date.UTC(2026, 10, 29, 12, 30);

interface Node {
	children: Node[];
}
const Node: z.ZodType<Node> = z.object({
	get children(): z.ZodArray<z.ZodType<Node>> {
		return z.array(Node).min(1);
	},
});

test.each([
	[
		"texts",
		z.object({
			id: z.string(),
			long: z.string().min(8),
			cut: z.string().max(2),
		}),
	],
	[
		"formats",
		z.object({
			a: z.email(),
			b: z.url(),
			c: z.uuid(),
			d: z.iso.datetime(),
			e: z.iso.date(),
			f: z.ipv4(),
		}),
	],
	[
		"numbers",
		z.object({
			a: z.number().positive(),
			b: z.int().min(5),
			c: z.number().max(-3),
			d: z.number().multipleOf(4),
		}),
	],
	[
		"choices",
		z.object({
			a: z.enum(["x", "y"]),
			b: z.literal(7),
			c: z.union([z.boolean(), z.string()]),
			d: z.null(),
		}),
	],
	[
		"lists",
		z.object({
			a: z.array(z.object({ sku: z.string() })).min(2),
			b: z.tuple([z.string(), z.int()]),
			c: z.array(z.int()),
		}),
	],
	[
		"an intersection",
		z.intersection(z.object({ a: z.string() }), z.object({ b: z.int() })),
	],
	["a record", z.record(z.string(), z.int())],
	["anything", z.unknown()],
])("the example of a schema with %s matches it", (_, schema) => {
	const json = z.toJSONSchema(schema, { io: "input" });
	const example = exampleOf(json, now);
	expect(schema.safeParse(example), JSON.stringify(example)).toMatchObject({
		success: true,
	});
});

test("it follows references by either word, also inside allOf", () => {
	for (const word of ["$defs", "definitions"]) {
		const example = exampleOf(
			{
				allOf: [{ $ref: `#/${word}/base` }, { required: ["total"] }],
				properties: { total: { $ref: `#/${word}/money~1eur` } },
				[word]: {
					base: {
						type: "object",
						properties: { id: { $ref: `#/${word}/id` } },
						required: ["id"],
					},
					id: { type: "string", default: "o-1" },
					"money/eur": { allOf: [{ type: "integer" }, { minimum: 5 }] },
				},
			},
			now,
		);
		expect(example).toEqual({ id: "o-1", total: 5 });
	}
});

test("it stays small and is made at once when lists contain lists", () => {
	let nested: object = { type: "string" };
	for (let n = 0; n < 7; n++)
		nested = { type: "array", minItems: 20, items: nested };
	const started = performance.now();
	const text = JSON.stringify(exampleOf(nested, now));
	expect(performance.now() - started).toBeLessThan(500);
	expect(text.length).toBeLessThan(100_000);
});

test("it has what is required, the default or the first example where there is one, and an end", () => {
	const schema = z.object({
		currency: z.enum(["EUR", "USD"]).meta({ examples: ["USD"] }),
		note: z.string().optional(),
		at: z.iso.datetime(),
	});
	const json = z.toJSONSchema(schema, { io: "input" });
	expect(exampleOf(json, now)).toEqual({
		currency: "USD",
		at: "2026-11-29T12:30:00.000Z",
	});
	expect(exampleOf({ type: "boolean", default: false }, now)).toBe(false);
	const text = JSON.stringify(exampleOf(z.toJSONSchema(Node), now));
	expect(text.length).toBeLessThan(300);
	for (const broken of [
		{ allOf: Array(20).fill({ $ref: "#" }) },
		{ $ref: "#" },
		{},
		{ $ref: "#/nowhere" },
		{ type: "x" },
		{ anyOf: [] },
		{ type: "array", minItems: 1e9 },
		{ type: "string", minLength: 1e9 },
		{ type: "object", required: ["a"], properties: { a: true } },
	])
		expect(
			JSON.stringify(exampleOf(broken, now)).length,
			JSON.stringify(broken),
		).toBeLessThan(1_100);
});
