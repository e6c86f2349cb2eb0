import { describe, expect, test, vi } from "vitest";
import * as z from "zod";
import { createEvents, event } from "../../src/index.ts";
import { worker } from "../../src/worker.ts";

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

test("two definitions of one name in one list are refused", () => {
	expect(() =>
		createEvents({ events: [event("a.b", even), event("a.b", z.string())] }),
	).toThrow(/two definitions.*"a\.b"/);
});

describe("a definition publishes", () => {
	test("through the one createEvents that lists it", async () => {
		const observe = vi.fn();
		const Even = event("even.number", even);
		createEvents({ events: [Even], observe });
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

	test("through none when none lists it, or several do", async () => {
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

test("a definition that is not listed is checked all the same when it is published by", async () => {
	const events = createEvents();
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

test("an option of createEvents or worker that does nothing is refused, and so is what is no definition", () => {
	expect(() => createEvents({ event: [] } as never)).toThrow(
		/createEvents: unknown member "event"/,
	);
	expect(() => createEvents({ events: ["a.b"] } as never)).toThrow(
		/"a\.b" is no definition/,
	);
	expect(() => worker(createEvents(), { prefx: "/x" } as never)).toThrow(
		/worker: unknown member "prefx"/,
	);
});

test.each(["events", "/events/", "/", "//", "/a?b"])(
	"the prefix %j is refused",
	(prefix) => {
		expect(() => worker(createEvents(), { prefix })).toThrow(/prefix/);
	},
);

test.each([0, 1.5, 257, Number.NaN])("%d shards are refused", (shards) => {
	expect(() => createEvents({ shards })).toThrow(RangeError);
});

test("by default the first event of a name that nobody handles is logged, and no later one", async () => {
	const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
	const { logFailures } = await import("../../src/contract/transition.ts");
	const ignored = {
		type: "ignored",
		at: 0,
		id: "e",
		event: "user.joned",
	} as const;
	logFailures(ignored);
	logFailures(ignored);
	expect(warn.mock.calls).toEqual([
		["tidings: no handler matches user.joned: ignored"],
	]);
	warn.mockRestore();
});
