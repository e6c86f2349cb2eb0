/** The types of the dialects. Only `tsc` reads this file. */
import { type Events, event, type HandlerContext, type Receipt } from "tidings";
import { type AmptEvents, events } from "tidings/ampt";
import {
	createEventBuilder,
	EventBus,
	EventHandler,
	type Evt,
	events as sst,
	ZodValidator,
} from "tidings/sst";
import { type Event, events as emitting, tscRun } from "tidings/tsc-run";
import { publisher, worker } from "tidings/worker";
import { expectTypeOf } from "vitest";
import * as z from "zod";

const Joined = event("user.joined", z.object({ at: z.coerce.date() }));

export function amptsHandlersGetABodyOfAnyType() {
	events.on("user.joined", (event, context) => {
		expectTypeOf(event.body).toBeAny();
		expectTypeOf(event.name).toEqualTypeOf<string>();
		expectTypeOf(context).toEqualTypeOf<HandlerContext>();
	});
	events.on<{ email: string }>("user.joined", { timeout: 5 }, ({ body }) => {
		expectTypeOf(body).toEqualTypeOf<{ email: string }>();
	});
	events.on(Joined, ({ body, name }) => {
		expectTypeOf(body).toEqualTypeOf<{ at: Date }>();
		expectTypeOf(name).toEqualTypeOf<"user.joined">();
	});
	events.on(Joined, { id: "typed" }, ({ body }) => {
		expectTypeOf(body).toEqualTypeOf<{ at: Date }>();
	});
	// @ts-expect-error it is "timeout"
	events.on("user.joined", { timeOut: 5 }, () => {});
}

export function theDialectsBusIsAFullOne() {
	expectTypeOf<AmptEvents>().toExtend<Events>();
	expectTypeOf(sst).toEqualTypeOf<Events>();
	expectTypeOf(tscRun({})).toEqualTypeOf<Events>();
	worker(events);
	publisher(events);
	expectTypeOf(events.publish("user.joined", 5)).toEqualTypeOf<
		Promise<Receipt>
	>();
	// @ts-expect-error with two arguments the second is the body
	events.publish("user.joined", { after: 5 }, 5, 5);
}

const build = createEventBuilder({ bus: "bus", validator: ZodValidator });
const Created = build("todo.created", z.object({ id: z.string() }));
const Moved = build("todo.moved", z.object({ at: z.coerce.date() }));
const Traced = createEventBuilder({
	bus: "bus",
	validator: ZodValidator,
	metadata: z.object({ trace: z.string() }),
})("todo.traced", z.null());
const Made = createEventBuilder({
	bus: "bus",
	validator: ZodValidator,
	metadataFn: () => ({ made: 5 }),
})("todo.made", z.null());

export function sstsEvtIsTyped() {
	EventHandler(Created, (evt, context) => {
		expectTypeOf(evt).toEqualTypeOf<
			Evt<"todo.created", { id: string }, undefined>
		>();
		expectTypeOf(context).toEqualTypeOf<HandlerContext>();
	});
	EventHandler([Created, Moved], (evt) => {
		if (evt.type === "todo.moved")
			expectTypeOf(evt.properties).toEqualTypeOf<{ at: Date }>();
		else expectTypeOf(evt.properties).toEqualTypeOf<{ id: string }>();
	});
	EventHandler(Traced, ({ metadata }) => {
		expectTypeOf(metadata).toEqualTypeOf<{ trace: string }>();
	});
	EventHandler(Made, ({ metadata }) => {
		expectTypeOf(metadata).toEqualTypeOf<{ made: number }>();
	});
	expectTypeOf(Created.$output).toEqualTypeOf<{ id: string }>();
}

export function sstsPublishTakesWhatTheSchemaTakes() {
	expectTypeOf(Created.publish({ id: "t1" })).toEqualTypeOf<Promise<Receipt>>();
	Traced.publish(null, { trace: "t1" });
	Made.publish(null);
	// @ts-expect-error id is a string
	Created.publish({ id: 5 });
	// @ts-expect-error it needs its metadata
	Traced.publish(null);
	// @ts-expect-error trace is a string
	Traced.publish(null, { trace: 5 });
	// @ts-expect-error it has no metadata
	Created.publish({ id: "t1" }, { trace: "t1" });
}

export function sstsSubscriberIsAFunctionOrAPath(stack: object) {
	const bus = new EventBus(stack, "bus", { defaults: { retries: 10 } });
	bus.subscribe("todo.created", "src/on/created.handler");
	bus.subscribe(
		["todo.created"],
		EventHandler(Created, () => {}),
	);
	bus.subscribe("todo.created", { handler: (evt: Evt) => evt, retries: 2 });
	// @ts-expect-error retries is a number
	bus.subscribe("todo.created", { handler: "a.b", retries: "2" });
	// @ts-expect-error a bus has no rules
	new EventBus(stack, "bus", { rules: {} });
}

export function tscRunsEventHasTypeAndDataAlone() {
	expectTypeOf<Event<5>>().toEqualTypeOf<{ type: string; data: 5 }>();
	expectTypeOf(emitting.emit("a.b", { id: 1 })).toEqualTypeOf<
		Promise<Receipt>
	>();
	const subscribers = { mail: { events: ["user.registered"] } };
	tscRun({ provider: "aws", region: "us-east-1", events: { subscribers } });
	// @ts-expect-error events is a list
	tscRun({ events: { subscribers: { mail: { events: "user.registered" } } } });
}
