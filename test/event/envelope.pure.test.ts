import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodeEvent, eventBytes, recordWith } from "../../src/event/encode.ts";
import {
	decode,
	type EventHead,
	eventIn,
	VERSION,
} from "../../src/event/envelope.ts";
import { newId } from "../../src/event/id.ts";

const head: EventHead = {
	id: "01994b1e-6f3a-7c11-8a2b-0123456789ff",
	name: "order.placed",
	time: 1_800_000_000_000,
	delay: 86_400_000,
};

const delivery = { handler: "audit", attempt: 2, firstAttemptAt: 5 };

const deadLetter = {
	handler: "audit",
	cause: "exhausted",
	error: { name: "Error", message: "closed" },
	attempts: 3,
	firstFailureAt: 6,
	lastFailureAt: 7,
} as const;

/** Any JSON: lone surrogates, four-byte characters, keys of prototypes, and nesting. */
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

describe("an encoded event", () => {
	test("is decoded to its head and its body, whatever JSON the body is", () => {
		fc.assert(
			fc.property(json, (body) => {
				const text = JSON.stringify(body);
				const record = encodeEvent(head, { text }, { delivery, deadLetter });
				const decoded = decode(record);
				expect(decoded).toMatchObject({ kind: "envelope", text: record });
				const { body: read, ...others } = envelopeOf(record);
				expect(JSON.stringify(read)).toBe(text);
				expect(others).toStrictEqual({
					v: VERSION,
					...head,
					delivery,
					deadLetter,
				});
			}),
			{ numRuns: 300 },
		);
	});

	test("has a body of 1 000 levels unchanged", () => {
		const text = `${"[".repeat(1_000)}${"]".repeat(1_000)}`;
		const record = recordWith(encodeEvent(head, { text }), { delivery });
		expect(JSON.stringify(envelopeOf(record).body)).toBe(text);
	});

	test("has a reference instead of a body, and no delivery by default", () => {
		const envelope = envelopeOf(encodeEvent(head, { reference: "k" }));
		expect(envelope).toStrictEqual({ v: VERSION, ...head, reference: "k" });
	});

	test("has any id and any name unchanged, however JSON escapes them", () => {
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

	test("is decoded alike if the queue delivers it as an object", () => {
		const record = encodeEvent(head, { text: '{"a":[null]}' }, { delivery });
		expect(decode(JSON.parse(record))).toEqual(decode(record));
	});
});

describe("the record of a published event", () => {
	const segment = fc.stringMatching(/^[\w-]{1,12}$/);
	const dotted = fc.array(segment, { minLength: 1, maxLength: 4 });
	const name = fc.oneof(
		dotted.map((segments) => segments.join(".")),
		dotted.map((segments) => `@${segments.join("/")}`),
	);
	const lane = fc.option(text(), { nil: undefined });
	const time = fc.nat(2 ** 48 - 1);
	const delay = fc.oneof(fc.constant(0), fc.nat());

	test("is decoded to its head, its lane and its body, or to a reference to that body", () => {
		fc.assert(
			fc.property(
				fc.tuple(name, time, delay),
				lane,
				json,
				([name, time, delay], lane, body) => {
					const event = { id: newId(time, 4), name, time, delay };
					const rest = lane === undefined ? {} : { lane };
					const text = JSON.stringify(body);
					const record = encodeEvent(event, { text }, rest);
					const { body: read, ...others } = envelopeOf(record);
					expect(JSON.stringify(read)).toBe(text);
					expect(others).toEqual({ v: VERSION, ...event, ...rest });
					expect(eventIn(record)).toEqual({ ...others, body: read });
					expect(
						envelopeOf(encodeEvent(event, { reference: "k" }, rest)),
					).toEqual({ ...others, reference: "k" });
				},
			),
			{ numRuns: 500 },
		);
	});

	test("is the JSON of its members in one order, whatever the body is", () => {
		fc.assert(
			fc.property(json, (body) => {
				const text = JSON.stringify(body);
				expect(encodeEvent(head, { text }, { lane: "bulk" })).toBe(
					JSON.stringify({ v: VERSION, ...head, lane: "bulk", body }),
				);
			}),
		);
	});

	test("has time and delay only if the event is scheduled, or if its id has another time", () => {
		const id = newId(head.time, 4);
		const members = (event: EventHead) =>
			JSON.parse(encodeEvent(event, { text: "null" }));
		const now = { ...head, id, delay: 0 };
		const { name } = head;
		expect(members(now)).toEqual({ v: VERSION, id, name, body: null });
		for (const whole of [
			{ ...head, id },
			{ ...now, time: head.time + 1 },
			{ ...now, id: "e1" },
		])
			expect(members(whole)).toEqual({ v: VERSION, ...whole, body: null });
	});
});

describe("an event's size", () => {
	test("is the number of UTF-8 bytes, not of characters, of its id, name, body, time and delay as JSON", () => {
		const instant = fc.maxSafeNat();
		const event = fc.record({
			id: text(),
			name: text(),
			time: instant,
			delay: instant,
		});
		fc.assert(
			fc.property(json, event, (body, event) => {
				const { id, name, time, delay } = event;
				const whole = JSON.stringify({ id, name, body, time, delay });
				expect(eventBytes(event, JSON.stringify(body))).toBe(
					new TextEncoder().encode(whole).byteLength,
				);
			}),
			{ numRuns: 300 },
		);
	});

	test("counts no other members", () => {
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

	test("has its body and its unknown members unchanged", () => {
		const turned = recordWith(record, { deadLetter });
		expect(envelopeOf(turned)).toMatchObject({
			...head,
			...unknown,
			deadLetter,
		});
		expect(JSON.stringify(envelopeOf(turned).body)).toBe(
			'{"__proto__":{"a":1},"n":1.5}',
		);
	});

	test("has only the given delivery and dead letter", () => {
		const again = { handler: "ledger", attempt: 1 };
		expect(
			envelopeOf(recordWith(record, { delivery: again })).delivery,
		).toEqual(again);
		const dead = recordWith(record, { deadLetter });
		expect(envelopeOf(dead)).not.toHaveProperty("delivery");
		const event = recordWith(dead, {});
		expect(envelopeOf(event)).not.toHaveProperty("delivery");
		expect(envelopeOf(event)).not.toHaveProperty("deadLetter");
	});
});

describe("a message of another form", () => {
	const whole = { v: VERSION, ...head, body: null, delivery, deadLetter };

	test.for<[record: unknown, version: number]>([
		[{ ...whole, v: 2 }, 2],
		[{ v: 99 }, 99],
		[{ v: 2, id: 5, delivery: "moved" }, 2],
	])("%j is newer, and its text is unchanged", ([record, version]) => {
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
		[{ delivery: null }, /delivery is invalid/],
		[{ delivery: "audit" }, /delivery is invalid/],
		[{ delivery: { handler: "audit" } }, /delivery is invalid/],
		[{ delivery: { attempt: 1 } }, /delivery is invalid/],
		[{ delivery: { handler: "audit", attempt: 0 } }, /delivery is invalid/],
		[{ delivery: { handler: "audit", attempt: 1.5 } }, /delivery is invalid/],
		[{ deadLetter: null }, /dead letter is invalid/],
		[{ deadLetter: { ...deadLetter, handler: 5 } }, /dead letter is invalid/],
		[{ deadLetter: { ...deadLetter, cause: 5 } }, /dead letter is invalid/],
		[{ deadLetter: { ...deadLetter, error: null } }, /dead letter is invalid/],
		[
			{ deadLetter: { ...deadLetter, attempts: "3" } },
			/dead letter is invalid/,
		],
		[
			{ deadLetter: { ...deadLetter, lastFailureAt: null } },
			/dead letter is invalid/,
		],
	])(
		"with %j it is unreadable, and the reason says why",
		([change, reason]) => {
			const text = JSON.stringify({ ...whole, ...change });
			expect(decode(text)).toEqual({
				kind: "unreadable",
				reason: expect.stringMatching(reason),
				text,
			});
			expect(decode(JSON.stringify(whole)).kind).toBe("envelope");
		},
	);

	test.for<[text: string, reason: string]>([
		["", "it is not JSON"],
		["{", "it is not JSON"],
		["undefined", "it is not JSON"],
		["null", "it is not a JSON object"],
		["[]", "it is not a JSON object"],
		["5", "it is not a JSON object"],
		['"text"', "it is not a JSON object"],
	])("the text %j is unreadable, and unchanged: %s", ([text, reason]) => {
		expect(decode(text)).toEqual({ kind: "unreadable", reason, text });
	});

	test("a cyclic object is unreadable and has no text", () => {
		const order: Record<string, unknown> = {};
		order.self = order;
		expect(decode(order)).toEqual({
			kind: "unreadable",
			reason: "it is not JSON",
			text: "",
		});
	});

	test("garbage of any kind is unreadable and never throws", () => {
		// The key "v" would make a newer version.
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
				const decoded = decode(raw);
				expect(decoded.kind).toBe("unreadable");
				expect(typeof decoded.text).toBe("string");
			}),
			{ numRuns: 300 },
		);
	});

	test("a record with one wrong member never throws", () => {
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
