import { describe, expect, test } from "vitest";
import * as z from "zod";
import { event } from "../../src/event/definition.ts";
import {
	localRequestOf,
	type PublishRequest,
	requestOf,
	requestsOf,
} from "../../src/publish/request.ts";

const OrderPlaced = event("order.placed", z.object({ orderId: z.string() }));

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
	])("%j is told by its number alone", ([args, request]) => {
		expect(requestOf(args)).toStrictEqual(request);
	});

	test("an undefined body stays one, to be refused, and is not taken for no body", () => {
		expect(requestOf(["order.placed", undefined])).toStrictEqual(
			body(undefined),
		);
		expect(requestOf(["order.placed", {}, undefined])).toStrictEqual(
			body(undefined),
		);
	});

	test("a definition stands for its name, and comes along", () => {
		expect(localRequestOf([OrderPlaced, { after: 5 }, 1])).toStrictEqual({
			...body(1, 5),
			definition: OrderPlaced,
		});
		expect(localRequestOf(["order.placed", 1])).toStrictEqual(body(1));
	});

	test("what comes from outside is never taken for a definition", () => {
		expect(requestOf([OrderPlaced, 1])).toStrictEqual({
			...body(1),
			name: OrderPlaced,
		});
	});

	test.for([[], ["a", {}, 1, 2], ["a", {}, 1, undefined]])(
		"%j is refused: it takes one to three",
		(args) => {
			refuses(
				() => requestOf(args),
				"invalid_request",
				`${args.length} arguments: it takes (name), (name, body) or`,
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
			'publish takes (name, options, body): unknown key "delay": use after, lane',
		],
		[{ idempotencyKey: "k" }, "not_supported", "idempotencyKey: "],
		[{ id: "mine" }, "not_supported", "put your own into the body"],
	])("%j are no options", ([options, code, said]) => {
		refuses(() => requestOf(["order.placed", options, 5]), code, said);
	});
});

describe("a batch", () => {
	test("is read in order, each event with its own time", () => {
		expect(
			requestsOf([
				{ name: "order.placed", body: 1 },
				{ name: "order.placed", after: 5, body: 2 },
				{ name: "order.placed", after: undefined, body: null },
				{ name: "order.placed", lane: "bulk", body: 4 },
			]),
		).toStrictEqual([
			body(1),
			body(2, 5),
			body(null),
			{ ...body(4), lane: "bulk" },
		]);
		expect(requestsOf([])).toEqual([]);
	});

	test("a gap in it is refused like any other value", () => {
		// biome-ignore lint/suspicious/noSparseArray: a gap is what it is about
		const items = [{ name: "order.placed", body: 1 }, , { name: "a", body: 1 }];
		refuses(() => requestsOf(items), "invalid_request", "got undefined", 1);
	});

	test("a body that is not there stays undefined, to be refused", () => {
		expect(requestsOf([{ name: "order.placed" }])).toStrictEqual([
			body(undefined),
		]);
	});

	test("an unknown key that an item has only inherited is no reason to refuse it", () => {
		const item = Object.create(
			{ afters: 5 },
			{
				name: { value: "order.placed", enumerable: true },
				body: { value: 1, enumerable: true },
			},
		);
		expect(requestsOf([item])).toStrictEqual([body(1)]);
	});

	test.for([undefined, null, { name: "a", body: 1 }, "a"])(
		"%j is none",
		(items) => {
			refuses(() => requestsOf(items), "invalid_request", "expected an array");
		},
	);

	test.for<[item: unknown, code: string, said: string]>([
		[null, "invalid_request", "an event of a batch: expected an object"],
		["order.placed", "invalid_request", "expected an object, got string"],
		[
			{ name: "a", body: 1, afters: 5 },
			"invalid_request",
			'events[1]: unknown key "afters": use name, body, after, lane',
		],
		[{ name: "a", body: 1, idempotencyKey: "k" }, "not_supported", "idempot"],
		[{ name: "a", body: 1, id: "mine" }, "not_supported", "id: "],
	])("%j in it is refused with its index", ([item, code, said]) => {
		const items = [{ name: "a", body: 1 }, item];
		refuses(() => requestsOf(items), code, said, 1);
	});
});

function body(body: unknown, after?: unknown): PublishRequest {
	return { name: "order.placed", body, after, lane: undefined };
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
