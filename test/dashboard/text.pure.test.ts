import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { durationText } from "../../src/dashboard/components/time.tsx";
import { filterText } from "../../src/dashboard/filter-text.ts";
import { prettyJson, readBody } from "../../src/dashboard/json-text.ts";
import { publishCommand } from "../../src/dashboard/snippets.tsx";
import { timelineOf } from "../../src/dashboard/timeline-layout.ts";
import { deadLetterFilter } from "../../src/dead-letters/dead-letter-filter.ts";
import type { EventLife } from "../../src/journal/life.ts";

describe("JSON text", () => {
	test("is indented as JSON.stringify does it", () => {
		for (const value of [
			null,
			1,
			"a",
			[],
			{},
			[[]],
			[{}],
			{ a: [] },
			{ a: [1, { b: 'x,y:{}[]"\\' }], "c:d": true, e: { f: null } },
		])
			expect(prettyJson(JSON.stringify(value))).toBe(
				JSON.stringify(value, null, 2),
			);
	});

	test("keeps every number as it was written, and text that was cut", () => {
		const written = '{"n":12345678901234567890,"x":1.10,"e":-1E+400}';
		expect(prettyJson(written).replace(/\s/g, "")).toBe(written);
		expect(prettyJson('{"a":["b","c')).toBe('{\n  "a": [\n    "b",\n    "c');
	});
});

describe("a body that a person has written", () => {
	test("is read if JavaScript can represent its numbers", () => {
		for (const text of [
			"null",
			"0",
			"-0",
			'""',
			"[1.10, 1e3, 0.1, 100000000000000000000]",
			"0e-400",
			"-0.0E5",
			"0.30000000000000004",
			"12300e-2",
			"9007199254740993000",
			'{"a":"12345678901234567890"}',
			"5e-324",
		])
			expect(readBody(text)).toEqual(JSON.parse(text));
	});

	test("has every number that JavaScript writes, in any notation, and none with more digits or too small", () => {
		const double = fc
			.double({ noNaN: true, noDefaultInfinity: true })
			.filter((value) => value !== 0);
		fc.assert(
			fc.property(double, fc.integer({ min: -9, max: 9 }), (value, shift) => {
				const [mantissa = "", exponent = "0"] = `${value}`.split("e");
				const [whole, part = ""] = mantissa.split(".");
				const moved = `${whole}${part}E${Number(exponent) - part.length}`;
				const text = moved.replace(/^(-?)0+(?=\d)/, "$1");
				const zeros = "0".repeat(Math.abs(shift));
				for (const same of [
					text,
					text.replace(/E/, `.${zeros}0e`),
					text.replace(/E(.+)/, (_, e) => `${zeros}e${e - zeros.length}`),
				])
					expect(readBody(same), same).toBe(value);
			}),
		);
		const digits = fc.bigInt({ min: 10n ** 17n, max: 10n ** 30n });
		fc.assert(
			fc.property(digits, fc.integer({ min: -400, max: 400 }), (n, e) => {
				const text = `${n}1e${e}`;
				expect(() => readBody(text), text).toThrow("would become");
				const small = `${n % 9n === 0n ? "-" : ""}0.00${n}e-${400 + Math.abs(e)}`;
				expect(() => readBody(small), small).toThrow("would become");
			}),
		);
	});

	test("is rejected if handlers would get another number, or if it is not JSON", () => {
		for (const text of [
			"9007199254740993",
			'{"n":[12345678901234567890]}',
			"1e999",
			"0.12345678901234567891",
			"1e-400",
			"-1e-400",
			"4.9e-324",
		])
			expect(() => readBody(text), text).toThrow("would become");
		for (const text of ["", "{", "undefined", "{'a':1}"])
			expect(() => readBody(text), text).toThrow("it is not JSON");
	});
});

test("a command for copying survives quotes, and has the body as it was written", () => {
	const command = publishCommand(
		"https://e.test",
		"a.b",
		`{"n":1.10,"t":"it's $(x) \`y\`"}`,
		{ tags: { customer: "o'neil" } },
	);
	expect(command).toContain(
		`-d '{"name":"a.b","body":{"n":1.10,"t":"it'\\''s $(x) \`y\`"},"tags":{"customer":"o'\\''neil"}}'`,
	);
});

test.each([
	[0, "0 ms"],
	[999, "999 ms"],
	[1_500, "1.50 s"],
	[42_000, "42.0 s"],
	[60_000, "1 min"],
	[192_000, "3 min 12 s"],
	[7_500_000, "2 h 5 min"],
	[273_600_000, "3 d 4 h"],
])("%d ms is %s", (ms, text) => {
	expect(durationText(ms)).toBe(text);
});

describe("a timeline", () => {
	const life = (more: Partial<EventLife>): EventLife => ({
		id: "e",
		name: "a.b",
		time: 1_000,
		state: "delivered",
		at: 1_000,
		actions: [],
		deliveries: [],
		...more,
	});
	const failed = { state: "retrying", attempt: 1, startedAt: 1_200, at: 1_300 };
	const delivered = {
		state: "delivered",
		attempt: 2,
		startedAt: 2_000,
		at: 2_100,
	};

	test("has the wait in the queue, then each wait and each attempt of a handler", () => {
		const attempts = [
			failed,
			delivered,
		] as EventLife["deliveries"][0]["attempts"];
		const deliveries = [
			{ handler: "h", state: "delivered" as const, attempts },
		];
		const drawn = timelineOf(life({ queuedMs: 200, deliveries }), 9_000);
		expect(drawn).toMatchObject({ from: 1_000, until: 2_100 });
		expect(drawn.queued).toMatchObject({ from: 1_000, until: 1_200 });
		expect(
			drawn.lanes[0]?.bars.map(({ kind, from, until }) => [kind, from, until]),
		).toEqual([
			["running", 1_200, 1_300],
			["waiting", 1_300, 2_000],
			["running", 2_000, 2_100],
		]);
	});

	test("of an event that is retried reaches to now, and one that was scheduled begins when it was due", () => {
		const attempts = [
			{ ...failed, at: 5_300, startedAt: 5_200, retryAt: 20_000 },
		];
		const deliveries = [
			{ handler: "h", state: "retrying", attempts },
		] as EventLife["deliveries"];
		const drawn = timelineOf(
			life({ state: "retrying", delay: 4_000, queuedMs: 200, deliveries }),
			9_000,
		);
		expect(drawn).toMatchObject({ from: 5_000, until: 9_000 });
		expect(drawn.lanes[0]?.bars.at(-1)).toMatchObject({
			kind: "waiting",
			from: 5_300,
			until: 9_000,
		});
	});
});

describe("a filter", () => {
	test("is written as text that means the same", () => {
		const now = Date.UTC(2027, 0, 14, 15);
		for (const text of [
			"",
			'state:dead handler:mail/send cause:exhausted text:"a \\"b\\" \\\\ c"',
			'reason:"Error: <n> of \\"a\\""',
			"id:e1 name:order.** tag.customer:c42 since:2h until:5m",
		]) {
			const filter = deadLetterFilter(text, now);
			expect(deadLetterFilter(filterText(filter), 0)).toEqual(filter);
		}
	});
});
