import { expect, test } from "vitest";
import { policyText } from "../../src/dashboard/handlers/handler-table.tsx";
import {
	handlersIn,
	type Listed,
	topologyOf,
} from "../../src/dashboard/handlers/topology.ts";
import { policyOf } from "../../src/handlers/retry-policy.ts";
import type { Route } from "../../src/handlers/route.ts";

const handler = (id: string, ...patterns: string[]) =>
	({ id, patterns }) as Partial<Route> as Route;

const app = (name: string, more: object = {}) =>
	({ name, events: {}, tools: [], userSubscriptions: {}, ...more }) as never;

/** Lines by the names at their ends. */
function linesOf(listed: Listed) {
	const drawn = topologyOf(listed);
	const nameAt = (y: number) => drawn?.events.find((one) => one.y === y)?.name;
	const rowAt = (y: number) => drawn?.rows.find((one) => one.y === y)?.label;
	return drawn?.edges.map(([from, to]) => `${nameAt(from)} ${rowAt(to)}`);
}

test("a line leads from each known name to the handlers of all Workers whose patterns match it", () => {
	const listed: Listed = {
		names: ["order.placed", "order.shipped"],
		workers: [
			{
				key: "",
				routes: [
					handler("receipt", "order.placed"),
					handler("audit", "order.**", "order.placed"),
					handler("other", "invoice.*"),
				],
			},
			{ key: "mail", routes: [handler("mail/send", "user.joined")] },
			{ key: "silent" },
		],
	};
	expect(linesOf(listed)).toEqual([
		"order.placed receipt",
		"order.placed audit",
		"order.shipped audit",
		"invoice.* other",
		"user.joined mail/send",
	]);
	expect(
		topologyOf(listed)?.rows.map(({ kind, label }) => [kind, label]),
	).toEqual([
		["worker", "Worker that owns the events"],
		...["receipt", "audit", "other"].map((id) => ["handler", id]),
		["worker", "Worker mail"],
		["handler", "mail/send"],
	]);
});

test("an app has its tools, and lines to the events that users may subscribe them to; its parts are no handlers", () => {
	const event = "@my-org/email/new_email";
	const worker = {
		key: "mail",
		routes: [handler(`mail/${event}/start`), handler("mail/send", "a.b")],
		apps: [
			app("@my-org/email", { events: { new_email: {} } }),
			app("@my-org/inbox", {
				tools: ["add"],
				userSubscriptions: { add: [event] },
			}),
		],
	};
	expect(linesOf({ names: [], workers: [worker] })).toEqual([
		"a.b mail/send",
		`${event} add`,
	]);
	expect(handlersIn(worker).map(({ id }) => id)).toEqual(["mail/send"]);
});

test("fifty handlers fit into the picture without overlaps, and there is none of hundreds or of nothing", () => {
	const routes = (count: number) =>
		Array.from({ length: count }, (_, n) => handler(`h${n}`, `a.b${n % 30}`));
	const drawn = (count: number) =>
		topologyOf({ names: [], workers: [{ key: "", routes: routes(count) }] });
	const ys = drawn(50)?.events.map(({ y }) => y) ?? [];
	expect(ys).toHaveLength(30);
	for (const [n, y] of ys.entries())
		expect(y - (ys[n - 1] ?? -26)).toBeGreaterThanOrEqual(26);
	expect(drawn(50)?.height).toBeGreaterThanOrEqual(Math.max(...ys));
	expect(drawn(300)).toBeUndefined();
	expect(topologyOf({ names: ["a"], workers: [] })).toBeUndefined();
});

test.each([
	[policyOf(), "up to 10, exponential from 5 s to 1 h"],
	[policyOf(0), "none"],
	[policyOf({ limit: 2, backoff: "constant" }), "up to 2, every 5 s"],
	[
		policyOf({ backoff: "constant", base: "6 minutes", maxAge: "14 days" }),
		"no limit, for 14 d, every 6 min",
	],
	[
		policyOf({ backoff: ["1 second", "90 seconds"] }),
		"up to 10, after 1 s, 1 min 30 s",
	],
])("%j is read as: %s", (policy, text) => {
	expect(policyText(policy)).toBe(text);
});
