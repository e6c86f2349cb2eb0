/** CloudEvents against the SDK of their authors: what it sends is read, and what we write it reads. */
import { HTTP, CloudEvent as SdkEvent } from "cloudevents";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
	readHeaders,
	readStructured,
} from "../../src/event/cloud-events/read.ts";
import {
	cloudEventInit,
	toCloudEvent,
} from "../../src/event/cloud-events/write.ts";

const event = {
	id: "01890a5d-ac96-774b-bcce-b302099a8057",
	name: "order.placed",
	time: Date.UTC(2027, 0, 14, 9, 30),
	delay: 0,
	body: { orderId: "o1" } as unknown,
};
const minimal = { specversion: "1.0", id: "e1", source: "/shop", type: "a.b" };

const FORBIDDEN = /[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}]/u;
const text = fc
	.string({ unit: "binary", minLength: 1, maxLength: 60 })
	.filter((one) => !FORBIDDEN.test(one));
/** What the SDK can send in a header: it encodes nothing. */
const headerText = fc
	.stringMatching(/^[!#$&-~]{1,60}$/)
	.filter((one) => one.trim() === one);
const name = fc.stringMatching(/^[a-z0-9_-]{1,9}(\.[a-z0-9]{1,9}){0,3}$/);
const data = fc
	.jsonValue()
	// The SDK loses the others.
	.filter(Boolean)
	.map((one) => JSON.parse(JSON.stringify(one)));

const uri = fc.oneof(
	fc.webUrl({ withQueryParameters: true }),
	fc.webPath().filter((one) => one !== ""),
);

const attributes = (value: fc.Arbitrary<string>, source = uri) =>
	fc.record({
		id: value,
		source,
		type: name,
		subject: value,
		partitionkey: value,
		time: fc
			.date({
				min: new Date("1970-01-01"),
				max: new Date("9999-12-31"),
				noInvalidDate: true,
			})
			.map((date) => date.toISOString()),
	});

/** What the SDK reads from a header: it decodes nothing. */
const plainUri = uri.filter((one) => !one.includes("%"));

/** Without the attributes that the request to publish does not have. */
const own = ({
	type: _,
	data: __,
	specversion: ___,
	...rest
}: object & Record<string, unknown>) => rest;

describe("what the SDK sends is read", () => {
	test("in structured mode", () => {
		fc.assert(
			fc.property(attributes(text), data, (given, data) => {
				const { body } = HTTP.structured(new SdkEvent({ ...given, data }));
				expect(readStructured(JSON.parse(String(body)))).toEqual({
					name: given.type,
					body: data,
					cloudEvent: own(given),
				});
			}),
		);
	});

	test("in binary mode", () => {
		fc.assert(
			fc.property(attributes(headerText), (given) => {
				const sent = HTTP.binary(new SdkEvent({ ...given, data: {} }));
				const headers = new Headers(sent.headers as Record<string, string>);
				expect(readHeaders(headers)).toEqual({
					name: given.type,
					cloudEvent: {
						...own(given),
						datacontenttype: "application/json; charset=utf-8",
					},
				});
			}),
		);
	});
});

describe("the SDK reads what is written", () => {
	const restored = (
		given: object & Record<string, unknown>,
		data: unknown,
	) => ({
		...given,
		data,
		datacontenttype: "application/json",
	});

	test("in structured and batched mode", () => {
		fc.assert(
			fc.property(attributes(text), data, (given, body) => {
				const written = toCloudEvent({ ...event, body }, given);
				const one = HTTP.toEvent(cloudEventInit(written) as never);
				expect({ ...one }).toMatchObject(restored(given, body));
				const batch = HTTP.toEvent(cloudEventInit([written]) as never);
				expect(batch).toMatchObject([restored(given, body)]);
			}),
		);
	});

	test("in binary mode", () => {
		fc.assert(
			fc.property(attributes(headerText, plainUri), (given) => {
				const written = toCloudEvent(event, given);
				const one = HTTP.toEvent(cloudEventInit(written, "binary") as never);
				expect({ ...one }).toMatchObject(restored(given, event.body));
			}),
		);
	});
});

test("every attribute survives the headers of binary mode, whatever its characters", () => {
	fc.assert(
		fc.property(attributes(text), (given) => {
			const init = cloudEventInit(toCloudEvent(event, given), "binary");
			expect(JSON.parse(String(init.body))).toEqual(event.body);
			expect(readHeaders(new Headers(init.headers))).toEqual({
				name: given.type,
				cloudEvent: { ...own(given), datacontenttype: "application/json" },
			});
		}),
	);
});

test("an event becomes a CloudEvent with its id, name, time and body", () => {
	expect(toCloudEvent(event, { source: "/shop" })).toEqual({
		specversion: "1.0",
		id: event.id,
		source: "/shop",
		type: "order.placed",
		time: "2027-01-14T09:30:00.000Z",
		datacontenttype: "application/json",
		data: { orderId: "o1" },
	});
	const empty = toCloudEvent({ ...event, body: null }, { source: "/shop" });
	expect(empty).not.toHaveProperty("data");
	expect(cloudEventInit(empty, "binary").body).toBeNull();
	expect(cloudEventInit(empty, "binary").headers).not.toHaveProperty(
		"content-type",
	);
});

test("attributes replace those of the event, and context.cloudEvent restores the one that was published", () => {
	const { name, body, cloudEvent } = readStructured({
		...minimal,
		subject: "o1",
		sequence: 7,
		sampled: true,
		data: [1],
	});
	expect(toCloudEvent({ ...event, name, body }, { ...cloudEvent })).toEqual({
		...minimal,
		time: "2027-01-14T09:30:00.000Z",
		subject: "o1",
		sequence: 7,
		sampled: true,
		datacontenttype: "application/json",
		data: [1],
	});
});

test.each([
	["%", "%"],
	["100%25", "100%"],
	["Euro%20%E2%82%AC%20%F0%9F%98%80", "Euro € 😀"],
	['"quoted \\"text\\""', 'quoted "text"'],
	["50%off", "50%off"],
])("the header %j is %j", (sent, read) => {
	const headers = { ...ceHeaders(minimal), "ce-subject": sent };
	expect(readHeaders(new Headers(headers)).cloudEvent.subject).toBe(read);
});

function ceHeaders(attributes: object) {
	return Object.fromEntries(
		Object.entries(attributes).map(([name, value]) => [`ce-${name}`, value]),
	);
}

const base64 = (text: string) => Buffer.from(text).toString("base64");

test.each([
	[{}, null],
	[{ data: null }, null],
	[{ data: "" }, ""],
	[{ data: false }, false],
	[{ data: "<a/>", datacontenttype: "application/xml" }, "<a/>"],
	[{ data_base64: base64('{"n":1}') }, { n: 1 }],
	[
		{ data_base64: base64("[1]"), datacontenttype: "application/x+json; v=1" },
		[1],
	],
	[{ data_base64: base64("né"), datacontenttype: "text/plain" }, "né"],
])("the data %j are the body %j", (members, body) => {
	expect(readStructured({ ...minimal, ...members }).body).toEqual(body);
});

test.each([
	[[], "invalid_request", "expected an object"],
	[{ ...minimal, specversion: "0.3" }, "invalid_request", 'send "1.0"'],
	[{ ...minimal, specversion: undefined }, "invalid_request", "specversion is"],
	[{ ...minimal, id: null }, "invalid_request", "id is missing"],
	[{ ...minimal, source: "" }, "invalid_request", 'source: "" is not a text'],
	[{ ...minimal, source: "/a b" }, "invalid_request", 'source: "/a b" is not'],
	[{ ...minimal, dataschema: "%" }, "invalid_request", "dataschema"],
	[{ ...minimal, id: 7 }, "invalid_request", "id: 7 is not a text"],
	[{ ...minimal, type: "a b" }, "invalid_name", 'type: "a b" is not'],
	[{ ...minimal, time: "yesterday" }, "invalid_request", "time: "],
	[{ ...minimal, time: "2027-13-01T00:00:00Z" }, "invalid_request", "time: "],
	[{ ...minimal, Extension: 1 }, "invalid_request", '"Extension" is not'],
	[{ ...minimal, ext: {} }, "invalid_request", "ext: {} is not a value"],
	[{ ...minimal, ext: 1.5 }, "invalid_request", "integer of 32 bits"],
	[{ ...minimal, ext: 2 ** 31 }, "invalid_request", "integer of 32 bits"],
	[{ ...minimal, ext: "a\nb" }, "invalid_request", "control characters"],
	[{ ...minimal, ext: "\ud800" }, "invalid_request", "control characters"],
	[{ ...minimal, ext: "x".repeat(4_096) }, "invalid_request", "at most 4096"],
	[{ ...minimal, data: 1, data_base64: "MQ==" }, "invalid_request", "both"],
	[{ ...minimal, data_base64: "*" }, "invalid_body", "data_base64: it is not"],
	[
		{ ...minimal, data_base64: "gA==" },
		"invalid_body",
		"data_base64: it is not",
	],
	[{ ...minimal, data_base64: 7 }, "invalid_body", "data_base64"],
	[
		{ ...minimal, data_base64: "MQ==", datacontenttype: "image/png" },
		"invalid_body",
		'"image/png" is neither JSON nor text',
	],
])("%j is refused with %s", (json, code, message) => {
	expect(() => readStructured(json)).toThrow(
		expect.objectContaining({
			code,
			message: expect.stringContaining(message),
		}),
	);
});

test.each([
	["ce-datacontenttype", "application/json", "use content-type"],
	["ce-my-extension", "x", '"my-extension" is not the name'],
	["ce-data", "x", '"data" is not the name'],
	["ce-subject", "%ff", "is not UTF-8"],
	["ce-subject", "a%00b", "control characters"],
])("the header %s: %s is refused", (header, value, message) => {
	const headers = new Headers({ ...ceHeaders(minimal), [header]: value });
	expect(() => readHeaders(headers)).toThrow(message);
});

test.each([
	[() => toCloudEvent(event, { source: "" }), "source"],
	[() => toCloudEvent(event, { source: "/s", mySubject: "x" }), "mySubject"],
	[
		() => cloudEventInit([toCloudEvent(event, { source: "/s" })], "binary"),
		"an array has no binary mode",
	],
	[
		() =>
			cloudEventInit(
				toCloudEvent(event, { source: "/s", datacontenttype: "text/plain" }),
				"binary",
			),
		'data: it is not a text, but datacontenttype is "text/plain"',
	],
])("a CloudEvent that cannot be written is refused: %s", (write, message) => {
	expect(write).toThrow(message);
});
