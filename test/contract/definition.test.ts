import { describe, expect, test, vi } from "vitest";
import * as z from "zod";
import { event, isDefinition, listed } from "../../src/contract/definition.ts";

/** A Standard Schema of no library, as the specification has it; asynchronous at that. */
const even = {
	"~standard": {
		version: 1 as const,
		vendor: "test",
		async validate(value: unknown) {
			await Promise.resolve();
			return typeof value === "number" && value % 2 === 0
				? { value }
				: { issues: [{ message: "not even", path: ["half", { key: 0 }] }] };
		},
	},
};

test.each(["order placed", "order.*", "", "x".repeat(129)])(
	"a definition named %j is refused",
	(name) => {
		expect(() => event(name, even)).toThrow(
			expect.objectContaining({ code: "invalid_name" }),
		);
	},
);

test.each([undefined, null, {}, () => true])(
	"a schema that is none is refused",
	(schema) => {
		expect(() => event("a.b", schema as never)).toThrow(/Standard Schema/);
	},
);

describe("a definition publishes", () => {
	test("through the one that lists it, its arguments as they are", async () => {
		const Even = event("even.number", even);
		const receipt = { id: "e1", time: 1, delay: 0 };
		const publisher = vi.fn(async (_: readonly unknown[]) => receipt);
		listed(Even, publisher);
		const args = [{ after: "1 hour" }, 4] as const;
		await expect(Even.publish(...(args as never))).resolves.toBe(receipt);
		expect(publisher.mock.calls).toEqual([[args]]);
	});

	test("through none when none lists it, or several do", async () => {
		const Lonely = event("lonely.one", even);
		const refused = (by: string) =>
			expect(Lonely.publish(2 as never)).rejects.toThrow(
				`event "lonely.one" is listed by ${by} createEvents`,
			);
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

describe("a definition is told from anything else", () => {
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
	])("%j is none", (value) => {
		expect(isDefinition(value)).toBe(false);
	});
});
