/** Buses, subscribers and definitions beyond SST's samples. */
import { handlerModules } from "tidings";
import {
	createEventBuilder,
	EventBus,
	EventHandler,
	type Evt,
	events,
	ZodValidator,
} from "tidings/sst";
import { expect, test, vi } from "vitest";
import * as z from "zod";
import { portsOf } from "../../../src/registration.ts";
import { transitions } from "../observed.ts";
import { expectTransitions } from "../transitions.ts";
import "../worker.ts";

const first = new EventBus(null, "first");
const second = new EventBus(null, "second");
const on = (bus: string | EventBus) =>
	createEventBuilder({ bus, validator: ZodValidator });

const Moved = z.object({
	at: z.coerce.date(),
	by: z.string().default("nobody"),
});

test("the id of a subscriber that a file exports follows the file, and a name that any other may get is logged", () => {
	const warn = vi.spyOn(console, "warn").mockReturnValue();
	const Todo = on("first")("todo.filed", z.null());
	const handler = EventHandler(Todo, async () => {});
	handlerModules({ "src/events/todo-filed.ts": { handler } });
	const idsFor = (type: string) =>
		portsOf(events)
			.workers.all[0]?.routes()
			.then((routes) => routes?.matching(type).map(({ id }) => id));
	first.subscribe("todo.filed", handler);
	expect(warn).not.toHaveBeenCalled();
	first.subscribe("todo.filed", async (evt) => evt);
	const lines = warn.mock.calls.map(([line]) => JSON.parse(line));
	warn.mockRestore();
	expect(lines).toEqual([
		expect.objectContaining({
			tidings: "handler_id_unstable",
			handler: expect.stringMatching(/^first:todo\.filed:[0-9a-f]{8}$/),
			hint: expect.stringContaining("subscribe it by its path"),
		}),
	]);
	return expect(idsFor("todo.filed")).resolves.toEqual([
		"first:todo.filed:src/events/todo-filed.handler",
		lines[0].handler,
	]);
});

test("two buses with one type never see each other's events", async () => {
	const [atFirst, atSecond] = [vi.fn(), vi.fn()];
	first.subscribe("same.type", (evt) => atFirst(evt.properties));
	second.subscribe("same.type", (evt) => atSecond(evt.properties));
	const a = await on("first")("same.type", z.string()).publish("a");
	const b = await on(second)("same.type", z.string()).publish("b");
	for (const { id } of [a, b])
		await expectTransitions(id, ["published", "delivered 1", "delivered 1"]);
	expect(atFirst.mock.calls).toEqual([["a"]]);
	expect(atSecond.mock.calls).toEqual([["b"]]);
});

test("an event of the same name from another source is skipped, and other handlers receive the raw body", async () => {
	const [subscriber, handler] = [vi.fn(), vi.fn()];
	first.subscribe("shared.name", (evt) => subscriber(evt.properties));
	events.on("shared.name", { id: "plain" }, ({ body }) => handler(body));
	const plain = await events.publish("shared.name", "plain");
	const null_ = await events.publish("shared.name");
	const sst = await on(first)("shared.name", z.string()).publish("sst");
	for (const { id } of [plain, null_, sst])
		await expectTransitions(id, ["published", "delivered 1", "delivered 1"]);
	expect(subscriber.mock.calls).toEqual([["sst"]]);
	expect(new Set(handler.mock.calls.flat())).toEqual(
		new Set(["plain", null, { bus: "first", properties: "sst" }]),
	);
});

test("an EventHandler receives the schema's output, any other handler the published properties", async () => {
	const Defined = on("first")("todo.moved", Moved);
	const [parsed, plain] = [vi.fn(), vi.fn()];
	first.subscribe(
		"todo.moved",
		EventHandler(Defined, (evt) => parsed(evt)),
	);
	first.subscribe("todo.moved", (evt) => plain(evt));
	const { id } = await Defined.publish({ at: "2027-01-14" });
	await expectTransitions(id, ["published", "delivered 1", "delivered 1"]);
	const evt = { type: "todo.moved", metadata: undefined, attempts: 0 };
	expect(parsed.mock.calls).toEqual([
		[{ ...evt, properties: { at: new Date("2027-01-14"), by: "nobody" } }],
	]);
	expect(plain.mock.calls).toEqual([
		[{ ...evt, properties: { at: "2027-01-14" } }],
	]);
});

test("one handler may have several definitions, and distinguishes them by type", async () => {
	const Opened = on("first")("door.opened", z.object({ key: z.string() }));
	const Closed = on("first")("door.closed", z.object({ at: z.coerce.date() }));
	const seen: unknown[] = [];
	const handler = EventHandler([Opened, Closed], (evt) => {
		if (evt.type === "door.opened") seen.push(evt.properties.key);
		else seen.push(evt.properties.at.getUTCFullYear());
	});
	first.subscribe(["door.opened", "door.closed"], handler);
	const opened = await Opened.publish({ key: "k1" });
	await expectTransitions(opened.id, ["published", "delivered 1"]);
	const closed = await Closed.publish({ at: new Date("2027-01-14") });
	await expectTransitions(closed.id, ["published", "delivered 1"]);
	expect(seen).toEqual(["k1", 2027]);
});

test("properties that no longer parse become a dead letter at once, with the issues", async () => {
	const Loose = on("first")("rule.changed", z.unknown());
	const Strict = on("first")("rule.changed", z.object({ id: z.string() }));
	first.subscribe("rule.changed", EventHandler(Strict, vi.fn()));
	const { id } = await Loose.publish({ id: 5 });
	await expectTransitions(id, ["published", "dead 1"]);
	const dead = transitions.find((t) => t.id === id && t.type === "dead");
	expect(dead).toMatchObject({
		cause: "schema_violation",
		error: { issues: [{ path: "properties.id" }] },
	});
});

test("metadata has its own schema, or is created for each event", async () => {
	const seen: Evt[] = [];
	const Given = createEventBuilder({
		bus: "first",
		validator: ZodValidator,
		metadata: z.object({ trace: z.string() }),
	})("with.metadata", z.null());
	const Made = createEventBuilder({
		bus: "first",
		validator: ZodValidator,
		metadataFn: () => ({ made: "here" }),
	})("made.metadata", z.null());
	first.subscribe(
		["with.metadata", "made.metadata"],
		EventHandler([Given, Made], (evt) => void seen.push(evt)),
	);
	const given = await Given.publish(null, { trace: "t1" });
	await expectTransitions(given.id, ["published", "delivered 1"]);
	const made = await Made.publish(null);
	await expectTransitions(made.id, ["published", "delivered 1"]);
	expect(seen.map(({ metadata }) => metadata)).toEqual([
		{ trace: "t1" },
		{ made: "here" },
	]);
	await expect(
		Given.publish(null, { trace: 1 as never }),
	).rejects.toMatchObject({
		code: "schema_violation",
		issues: [{ path: "metadata.trace" }],
	});
});

test("a validator is any function that returns a parser", async () => {
	const Small = createEventBuilder({
		bus: "first",
		validator: (max: number) => (input: number) => {
			if (input > max) throw new Error(`over ${max}`);
			return input;
		},
	})("small.number", 10);
	await expect(Small.publish(11)).rejects.toMatchObject({
		issues: [{ path: "properties", message: "Error: over 10" }],
	});
	const { id } = await Small.publish(10);
	await expectTransitions(id, ["published", "ignored"]);
});

test("two files with handlers of one type have different ids, and both run", async () => {
	const [mail, audit] = [vi.fn(), vi.fn()];
	first.subscribe("order.sent", "src/on/mail.handler");
	first.subscribe("order.sent", { handler: "src/on/audit.handler" });
	handlerModules({
		"src/on/mail.ts": { handler: () => mail() },
		"src/on/audit.ts": { handler: () => audit() },
	});
	const { id } = await on("first")("order.sent", z.null()).publish(null);
	await expectTransitions(id, ["published", "delivered 1", "delivered 1"]);
	expect([mail, audit].map(({ mock }) => mock.calls.length)).toEqual([1, 1]);
	const routes = await portsOf(events).workers.forHandler("").routes();
	expect(routes?.matching("order.sent").map(({ id }) => id)).toEqual([
		"first:order.sent:src/on/mail.handler",
		"first:order.sent:src/on/audit.handler",
	]);
});

test("publishing to an unknown bus is rejected with a list of known buses", async () => {
	const Early = on("third")("early.event", z.null());
	await expect(Early.publish(null)).rejects.toThrow(
		/the event bus "third" does not exist; use bus, first, second/,
	);
	new EventBus(null, "third");
	const { id } = await Early.publish(null);
	await expectTransitions(id, ["published", "ignored"]);
	await expect(
		on(undefined as never)("early.event", z.null()).publish(null),
	).rejects.toThrow("the event bus undefined does not exist; use bus,");
});

test.each([
	["the id of another bus", () => new EventBus(null, "first"), "belongs to"],
	["an empty id", () => new EventBus(null, ""), "is not an id"],
	[
		"an unknown key",
		() => new EventBus(null, "x", { rules: {} } as never),
		'EventBus: unknown key "rules"',
	],
	[
		"an unknown default",
		() => new EventBus(null, "x", { defaults: { function: {} } } as never),
		'EventBus: defaults: unknown key "function"',
	],
	[
		"an unknown key of a subscriber",
		() => first.subscribe("a.b", { handler: "a.b", cdk: {} } as never),
		'subscribe: unknown key "cdk"',
	],
	[
		"a pattern",
		() => first.subscribe("a.*", () => {}),
		'subscribe: "a.*" is a pattern; use types',
	],
	["an empty list of types", () => first.subscribe([], () => {}), "no type"],
	...[undefined, null, {}].map((none): [string, () => unknown, string] => [
		`a subscriber that is ${JSON.stringify(none)}`,
		() => first.subscribe("a.b", none as never),
		'subscribe: "a.b" has no subscriber; give a function, or the path of one',
	]),
	[
		"a repeated subscriber",
		() => {
			const same = () => {};
			first.subscribe("same.twice", same);
			first.subscribe("same.twice", same);
		},
		'"same.twice" has two subscribers same; give the new one another name, or subscribe it by its path: waiting deliveries',
	],
	[
		"a handler of an undefined event",
		() => EventHandler(undefined as never, () => {}),
		"EventHandler: undefined is not a definition; use the result of event(type, schema)",
	],
	[
		"a handler without a function",
		() => EventHandler(on(first)("a.b", z.null()), undefined as never),
		"EventHandler: a.b: the handler is not a function",
	],
	[
		"a path without an export",
		() => first.subscribe("a.b", "src/on/mail"),
		"is not the path of a handler",
	],
	[
		"an invalid number of retries",
		() => first.subscribe("a.b", { handler: "a.b", retries: -1 }),
		"limit: -1",
	],
])("%s is rejected", (_, call, said) => {
	expect(call).toThrow(said);
});
