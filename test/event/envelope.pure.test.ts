import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
	bodyIn,
	encodeEvent,
	eventBytes,
	recordOf,
	referring,
	sizeOf,
	turnedInto,
} from "../../src/event/encode.ts";
import {
	type Decoded,
	decode,
	type EventHead,
	eventIn,
	VERSION,
} from "../../src/event/envelope.ts";
import { newId } from "../../src/event/id.ts";
import { byteLength } from "../../src/event/json.ts";

const head: EventHead = {
	id: "01994b1e-6f3a-7c11-8a2b-0123456789ff",
	name: "order.placed",
	time: 1_800_000_000_000,
	delay: 86_400_000,
};

const delivery = { handler: "audit", attempt: 2, firstAttemptAt: 5 };

const letter = {
	handler: "audit",
	cause: "exhausted",
	error: { name: "Error", message: "closed" },
	attempts: 3,
	firstFailureAt: 6,
	lastFailureAt: 7,
} as const;

/** Any JSON: lone surrogates, four-byte characters, keys that a prototype answers to, and depth. */
const { json } = fc.letrec<{ json: unknown }>((tie) => ({
	json: fc.oneof(
		{ maxDepth: 5, depthSize: "small", withCrossShrink: true },
		fc.constantFrom(null, true, false, 0, -1.5, 1e300, Number.MIN_VALUE),
		text(),
		fc.array(tie("json"), { maxLength: 4 }),
		fc
			.array(fc.tuple(key(), tie("json")), { maxLength: 4 })
			.map((entries) => Object.fromEntries(entries)),
	),
}));

function text(): fc.Arbitrary<string> {
	const anything = fc.nat(0xffff).map((code) => String.fromCharCode(code));
	const known = fc.constantFrom("a", '"', "\\", "\u2028", "é", "€", "😀");
	return fc.string({ unit: fc.oneof(known, anything), maxLength: 12 });
}

function key(): fc.Arbitrary<string> {
	const known = ["__proto__", "constructor", "toJSON", "v", "id", "body", ""];
	return fc.oneof(fc.constantFrom(...known), text());
}

function envelopeOf(raw: unknown) {
	const decoded = decode(raw);
	if (decoded.kind !== "envelope") throw new Error(JSON.stringify(decoded));
	return decoded.envelope;
}

describe("what is encoded", () => {
	test("is decoded to the same head and body, whatever JSON the body is", () => {
		fc.assert(
			fc.property(json, (body) => {
				const text = JSON.stringify(body);
				const record = encodeEvent(head, { text }, { delivery, deadLetter: letter });
				const decoded = decode(record);
				expect(decoded).toMatchObject({ kind: "envelope", text: record });
				const { body: read, ...others } = envelopeOf(record);
				expect(JSON.stringify(read)).toBe(text);
				expect(others).toStrictEqual({ v: VERSION, ...head, delivery, letter });
			}),
			{ numRuns: 300 },
		);
	});

	test("keeps a body as deep as a body may be", () => {
		const text = `${"[".repeat(1_000)}${"]".repeat(1_000)}`;
		const record = turnedInto(encodeEvent(head, { text }), { delivery });
		expect(JSON.stringify(envelopeOf(record).body)).toBe(text);
	});

	test("has a reference in the place of a body, and no delivery unless given one", () => {
		const envelope = envelopeOf(encodeEvent(head, { reference: "k" }));
		expect(envelope).toStrictEqual({ v: VERSION, ...head, reference: "k" });
	});

	test("keeps whatever id and name it has", () => {
		const text = fc.oneof(fc.string({ unit: "binary" }), fc.string());
		fc.assert(
			fc.property(text.filter(Boolean), text, (id, name) => {
				const event = { ...head, id, name };
				const envelope = envelopeOf(encodeEvent(event, { text: "null" }));
				expect(envelope).toStrictEqual({ v: VERSION, ...event, body: null });
			}),
			{ numRuns: 1_000 },
		);
	});

	test("is decoded alike when the queue carried it as an object", () => {
		const record = encodeEvent(head, { text: '{"a":[null]}' }, { delivery });
		expect(decode(JSON.parse(record))).toEqual(decode(record));
	});
});

describe("the record of an event that is published", () => {
	const segment = fc.stringMatching(/^[\w-]{1,12}$/);
	const dotted = fc.array(segment, { minLength: 1, maxLength: 4 });
	const name = fc.oneof(
		dotted.map((segments) => segments.join(".")),
		dotted.map((segments) => `@${segments.join("/")}`),
	);
	const lane = fc.option(text(), { nil: undefined });
	const time = fc.nat(2 ** 48 - 1);
	const delay = fc.oneof(fc.constant(0), fc.nat());

	test("is read as its head, its lane and its body, whatever they are", () => {
		fc.assert(
			fc.property(
				fc.tuple(name, time, delay),
				lane,
				json,
				([name, time, delay], lane, body) => {
					const event = { id: newId(time, 4), name, time, delay };
					const recorded = recordOf(event, lane, body);
					const { record } = recorded;
					const { body: read, ...others } = envelopeOf(record);
					expect(JSON.stringify(read)).toBe(JSON.stringify(body));
					expect(bodyIn(recorded)).toBe(JSON.stringify(body));
					expect(others).toEqual({ v: VERSION, ...event, lane });
					expect(eventIn(record)).toEqual({ ...others, body: read });
					expect(envelopeOf(referring(recorded, "k"))).toEqual({
						...others,
						reference: "k",
					});
				},
			),
			{ numRuns: 500 },
		);
	});

	test("says neither time nor delay where it is not scheduled, and both where it is", () => {
		const id = newId(head.time, 4);
		const now = { ...head, id, delay: 0 };
		expect(JSON.parse(recordOf(now, undefined, null).record)).toEqual({
			v: VERSION,
			id,
			name: head.name,
			body: null,
		});
		expect(JSON.parse(recordOf({ ...head, id }, "bulk", null).record)).toEqual({
			v: VERSION,
			...head,
			id,
			lane: "bulk",
			body: null,
		});
	});

	test("has at least the size that the event has, and of a large one exactly that", () => {
		const large = "€".repeat(2_000);
		fc.assert(
			fc.property(name, time, delay, json, (name, time, delay, body) => {
				const event = { id: newId(time, 4), name, time, delay };
				for (const [given, isLarge] of [
					[body, false],
					[{ body, large }, true],
				] as const) {
					const recorded = recordOf(event, "bulk", given);
					const bytes = eventBytes(event, JSON.stringify(given));
					const size = sizeOf(event, recorded);
					if (isLarge) expect(size).toBe(bytes);
					else expect(size).toBeGreaterThanOrEqual(bytes);
				}
			}),
		);
	});

	test.for<[what: string, body: unknown, message: RegExp]>([
		["undefined", undefined, /cannot carry undefined: give null/],
		["a function", () => 1, /cannot carry function/],
		["a symbol", Symbol("s"), /cannot carry symbol/],
		["what becomes undefined", { toJSON() {} }, /cannot carry object/],
		["a BigInt", { n: 1n }, /JSON cannot carry it: .*BigInt/],
		["1 001 levels", nested(1_001), /more than 1000 deep/],
	])(
		"cannot be made of %s, and of 1 000 levels it can",
		([, body, message]) => {
			expect(() => recordOf(head, undefined, body)).toThrow(message);
			expect(() => recordOf(head, undefined, body)).toThrow(
				expect.objectContaining({ code: "invalid_body" }),
			);
			expect(() => recordOf(head, undefined, nested(1_000))).not.toThrow();
		},
	);

	function nested(levels: number): unknown {
		return JSON.parse("[".repeat(levels) + "]".repeat(levels));
	}
});

describe("an event's size", () => {
	test("is the UTF-8 bytes of its id, name, body, time and delay as JSON", () => {
		const name = fc.stringMatching(/^[\w-]{1,10}(\.[\w-]{1,10}){0,3}$/);
		const instant = fc.maxSafeNat();
		fc.assert(
			fc.property(json, name, instant, instant, (body, name, time, delay) => {
				const id = head.id;
				const whole = JSON.stringify({ id, name, body, time, delay });
				expect(
					eventBytes({ id, name, time, delay }, JSON.stringify(body)),
				).toBe(byteLength(whole));
			}),
			{ numRuns: 300 },
		);
	});

	test("counts no member that travels beside those", () => {
		const other = { ...head, trace: "t".repeat(1_000) };
		expect(eventBytes(other, "null")).toBe(eventBytes(head, "null"));
	});
});

describe("a record turned into another", () => {
	const unknown = { trace: { parent: "p" }, é: [1] };
	const record = encodeEvent(
		{ ...head, ...unknown } as EventHead,
		{ text: '{"__proto__":{"a":1},"n":1.5}' },
		{ delivery },
	);

	test("keeps its body and the members that nobody here knows", () => {
		const turned = turnedInto(record, { letter });
		expect(envelopeOf(turned)).toMatchObject({ ...head, ...unknown, letter });
		expect(JSON.stringify(envelopeOf(turned).body)).toBe(
			'{"__proto__":{"a":1},"n":1.5}',
		);
	});

	test("has the delivery or the letter that it is given, and no other", () => {
		const again = { handler: "ledger", attempt: 1 };
		expect(
			envelopeOf(turnedInto(record, { delivery: again })).delivery,
		).toEqual(again);
		const dead = turnedInto(record, { letter });
		expect(envelopeOf(dead)).not.toHaveProperty("delivery");
		const event = turnedInto(dead, {});
		expect(envelopeOf(event)).not.toHaveProperty("delivery");
		expect(envelopeOf(event)).not.toHaveProperty("letter");
	});
});

describe("what is not encoded by this version", () => {
	const whole = { v: VERSION, ...head, body: null, delivery, letter };

	test.for<[record: unknown, version: number]>([
		[{ ...whole, v: 2 }, 2],
		[{ v: 99 }, 99],
		[{ v: 2, id: 5, delivery: "moved" }, 2],
	])("%j is newer, and kept as it came", ([record, version]) => {
		const text = JSON.stringify(record);
		expect(decode(text)).toEqual({ kind: "newer", version, text });
	});

	test.for<[change: object, reason: RegExp]>([
		[{ v: undefined }, /version undefined is unknown/],
		[{ v: 0 }, /version 0 is unknown/],
		[{ v: "1" }, /version "1" is unknown/],
		[{ v: "2" }, /version "2" is unknown/],
		[{ id: undefined }, /no id/],
		[{ id: "" }, /no id/],
		[{ id: 5 }, /no id/],
		[{ name: undefined }, /no name/],
		[{ time: undefined }, /time or delay/],
		[{ delay: undefined }, /time or delay/],
		[{ id: "e1", time: undefined, delay: undefined }, /time or delay/],
		[{ time: "now" }, /time or delay/],
		[{ delay: null }, /time or delay/],
		[{ body: undefined }, /neither a body nor a reference/],
		[{ body: undefined, reference: 5 }, /neither a body nor a reference/],
		[{ delivery: null }, /delivery is not one/],
		[{ delivery: "audit" }, /delivery is not one/],
		[{ delivery: { handler: "audit" } }, /delivery is not one/],
		[{ delivery: { attempt: 1 } }, /delivery is not one/],
		[{ delivery: { handler: "audit", attempt: 0 } }, /delivery is not one/],
		[{ delivery: { handler: "audit", attempt: 1.5 } }, /delivery is not one/],
		[{ letter: null }, /letter is not one/],
		[{ letter: { ...letter, handler: 5 } }, /letter is not one/],
		[{ letter: { ...letter, cause: 5 } }, /letter is not one/],
		[{ letter: { ...letter, error: null } }, /letter is not one/],
		[{ letter: { ...letter, attempts: "3" } }, /letter is not one/],
		[{ letter: { ...letter, lastFailureAt: null } }, /letter is not one/],
	])("with %j it is unreadable, and says why", ([change, reason]) => {
		const text = JSON.stringify({ ...whole, ...change });
		expect(decode(text)).toEqual({
			kind: "unreadable",
			reason: expect.stringMatching(reason),
			text,
		});
		expect(decode(JSON.stringify(whole)).kind).toBe("envelope");
	});

	test.for<[text: string, reason: string]>([
		["", "it is not JSON"],
		["{", "it is not JSON"],
		["undefined", "it is not JSON"],
		["null", "it is not a JSON object"],
		["[]", "it is not a JSON object"],
		["5", "it is not a JSON object"],
		['"text"', "it is not a JSON object"],
	])("the text %j is unreadable, and kept as it came: %s", ([text, reason]) => {
		expect(decode(text)).toEqual({ kind: "unreadable", reason, text });
	});

	test("what cannot even be made text is unreadable, with none", () => {
		const order: Record<string, unknown> = {};
		order.self = order;
		expect(decode(order)).toEqual({
			kind: "unreadable",
			reason: "it is not JSON",
			text: "",
		});
	});

	test("garbage of any kind is unreadable and never throws", () => {
		// Chance does find "v", the one key that would make it a newer version.
		const key = fc.string({ minLength: 2 });
		const garbage = fc.oneof(
			fc.anything({ key, withBigInt: true, withDate: true, withMap: true }),
			fc.anything({ key, withNullPrototype: true, withTypedArray: true }),
			fc.constantFrom<unknown>(
				() => 1,
				Symbol("s"),
				{ toJSON: () => undefined },
				{
					toJSON() {
						throw new Error("no");
					},
				},
				{ toString: null, toJSON: () => undefined },
			),
		);
		fc.assert(
			fc.property(garbage, (raw) => {
				const decoded: Decoded = decode(raw);
				expect(decoded.kind).toBe("unreadable");
				expect(typeof decoded.text).toBe("string");
			}),
			{ numRuns: 300 },
		);
	});

	test("a record with one member put wrong is read or not, and never throws", () => {
		fc.assert(
			fc.property(
				fc.constantFrom(...Object.keys(whole)),
				json,
				(key, value) => {
					const decoded = decode({ ...whole, [key]: value });
					expect(["envelope", "newer", "unreadable"]).toContain(decoded.kind);
				},
			),
		);
	});
});
