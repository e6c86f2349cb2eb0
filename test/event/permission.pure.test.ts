import { describe, expect, test } from "vitest";
import {
	checkPublish,
	mayPublish,
	type PublishPermission,
} from "../../src/event/permission.ts";

const forbidden = (message: string) =>
	expect.objectContaining({ name: "ForbiddenError", message });

describe("a permission to publish", () => {
	test.for<[right: PublishPermission, name: string, may: boolean]>([
		["all", "order.placed", true],
		[["order.**"], "order.placed", true],
		[["order.**"], "order", true],
		[["order.**"], "orders.placed", false],
		[["order.**"], "user.joined", false],
		[["user.joined", "order.*"], "order.placed", true],
		[["user.joined", "order.*"], "order.placed.late", false],
		[["order.placed"], "order.placed2", false],
		[[], "order.placed", false],
		[["**"], "tidings.selftest.dead", false],
		[["tidings.selftest.dead"], "tidings.selftest.dead", false],
	])("%j permits %s: %s", ([right, name, may]) => {
		expect(mayPublish(right, name)).toBe(may);
		const check = () => checkPublish(right, name, "the key 5");
		if (may) expect(check).not.toThrow();
		else expect(check).toThrow(/^the key 5 may not publish "/);
	});
});

test("the error lists the names that the caller may publish", () => {
	const check = (right: PublishPermission) => () =>
		checkPublish(right, "user.left", "the key 5");
	expect(check(["order.**", "user.joined"])).toThrow(
		forbidden(
			'the key 5 may not publish "user.left": it may publish order.**, user.joined: extend its permission',
		),
	);
	expect(check([])).toThrow(
		forbidden(
			'the key 5 may not publish "user.left": it may publish nothing: extend its permission',
		),
	);
});
