import { describe, expect, test } from "vitest";
import * as z from "zod";
import { event } from "../../src/event/definition.ts";
import {
	localRequestOf,
	type PublishRequest,
	requestOf,
	requestsOf,
	subjectOf,
	subjectOfBatch,
} from "../../src/publish/request.ts";

const OrderPlaced = event("order.placed", z.object({ orderId: z.string() }));

test("the log names the event of a call, even if its arguments are invalid", () => {
	expect(subjectOf(["order.placed", 5])).toEqual({ name: "order.placed" });
	expect(subjectOf([OrderPlaced, 5])).toEqual({ name: "order.placed" });
	expect(subjectOf([5n])).toEqual({});
	const batch = [{ name: "order.placed" }, { name: "order.paid" }];
	expect(subjectOfBatch(batch)).toEqual({ name: "order.placed", count: 2 });
	expect(subjectOfBatch([null])).toEqual({ count: 1 });
	expect(subjectOfBatch({})).toEqual({});
});

describe("the arguments of publish", () => {
	test.for<[args: unknown[], request: PublishRequest]>([
		[["order.placed"], body(null)],
		[["order.placed", 5], body(5)],
		[["order.placed", null], body(null)],
		[["order.placed", { after: "1 day" }], body({ after: "1 day" })],
		[["order.placed", { after: "1 day" }, 5], body(5, "1 day")],
		[["order.placed", {}, { after: "1 day" }], body({ after: "1 day" })],
		[["order.placed", {}, 5], body(5)],
		[["order.placed", undefined, 5], body(5)],
		[["order.placed", { after: undefined }, 5], body(5)],
		[["order.placed", { lane: "bulk" }, 5], { ...body(5), lane: "bulk" }],
		[["order.placed", { lane: undefined }, 5], body(5)],
		[
			["order.placed", { after: 1, lane: "bulk" }, 5],
			{ ...body(5, 1), lane: "bulk" },
		],
	])("%j are distinguished by their number alone", ([args, request]) => {
		expect(requestOf(args)).toEqual(request);
	});

	test("an undefined body stays undefined, and is not a publish without a body", () => {
		expect(requestOf(["order.placed", undefined])).toEqual(body(undefined));
		expect(requestOf(["order.placed", {}, undefined])).toEqual(body(undefined));
	});

	test("a definition gives its name, and is in the request", () => {
		expect(localRequestOf([OrderPlaced, { after: 5 }, 1])).toEqual({
			...body(1, 5),
			definition: OrderPlaced,
		});
		expect(localRequestOf(["order.placed", 1])).toEqual(body(1));
	});

	test("a value from outside is never a definition", () => {
		expect(requestOf([OrderPlaced, 1])).toEqual({
			...body(1),
			name: OrderPlaced,
		});
	});

	test.for([[], ["a", {}, 1, 2], ["a", {}, 1, undefined]])(
		"%j is rejected: publish accepts one to three arguments",
		(args) => {
			refuses(
				() => requestOf(args),
				"invalid_request",
				`${args.length} arguments; give (name), (name, body) or`,
			);
		},
	);

	test.for<[options: unknown, code: string, said: string]>([
		[null, "invalid_request", "options: expected an object, got null"],
		["1 day", "invalid_request", "options: expected an object, got string"],
		[["1 day"], "invalid_request", "options: expected an object, got an array"],
		[
			{ delay: 5 },
			"invalid_request",
			'publish(name, options, body): unknown key "delay"; use after, lane',
		],
		[{ id: "mine" }, "not_supported", "put your own id into the body"],
	])("%j is rejected as options", ([options, code, said]) => {
		refuses(() => requestOf(["order.placed", options, 5]), code, said);
	});
});

describe("a batch", () => {
	test("is read in order, each event with its own options", () => {
		expect(
			requestsOf([
				{ name: "order.placed", body: 1 },
				{ name: "order.placed", after: 5, body: 2 },
				{ name: "order.placed", after: undefined, body: null },
				{ name: "order.placed", lane: "bulk", body: 4 },
			]),
		).toEqual([body(1), body(2, 5), body(null), { ...body(4), lane: "bulk" }]);
	});

	test("with a gap is rejected", () => {
		// biome-ignore lint/suspicious/noSparseArray: a gap is what it is about
		const items = [{ name: "order.placed", body: 1 }, , { name: "a", body: 1 }];
		refuses(() => requestsOf(items), "invalid_request", "got undefined", 1);
	});

	test("with a missing body has a null body, as publish(name) has", () => {
		expect(requestsOf([{ name: "order.placed" }])).toEqual([body(null)]);
		expect(requestsOf([{ name: "order.placed", body: undefined }])).toEqual([
			body(undefined),
		]);
	});

	test("accepts an item that inherits an unknown key", () => {
		const item = Object.create(
			{ afters: 5 },
			{
				name: { value: "order.placed", enumerable: true },
				body: { value: 1, enumerable: true },
			},
		);
		expect(requestsOf([item])).toEqual([body(1)]);
	});

	test.for([undefined, null, { name: "a", body: 1 }, "a"])(
		"cannot be %j",
		(items) => {
			refuses(() => requestsOf(items), "invalid_request", "give an array");
		},
	);

	test.for<[item: unknown, code: string, said: string]>([
		[null, "invalid_request", "an event of a batch: expected an object"],
		["order.placed", "invalid_request", "expected an object, got string"],
		[
			{ name: "a", body: 1, afters: 5 },
			"invalid_request",
			'events[1]: unknown key "afters"; use name, body, after, lane',
		],
		[{ name: "a", body: 1, id: "mine" }, "not_supported", "id: "],
	])("with %j is rejected, with the index", ([item, code, said]) => {
		const items = [{ name: "a", body: 1 }, item];
		refuses(() => requestsOf(items), code, said, 1);
	});
});

function body(body: unknown, after?: unknown): PublishRequest {
	return { name: "order.placed", body, ...(after !== undefined && { after }) };
}

function refuses(
	call: () => unknown,
	code: string,
	said: string,
	index?: number,
): void {
	expect(call).toThrow(
		expect.objectContaining({
			name: "RefusedError",
			code,
			message: expect.stringContaining(
				index === undefined ? said : `events[${index}]: `,
			),
			...(index !== undefined && { index }),
		}),
	);
	expect(call).toThrow(said);
}
