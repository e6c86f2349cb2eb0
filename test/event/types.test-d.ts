/** Claims about the public types. Only `tsc` reads this file; it never runs. */
import {
	type After,
	type Config,
	createEvents,
	defineConfig,
	event,
	type HandlerContext,
	type Receipt,
	type TidingsEvent,
	toWorkflow,
} from "tidings";
import { createClient } from "tidings/client";
import { publisher, subscriber, worker } from "tidings/worker";
import { expectTypeOf } from "vitest";
import * as z from "zod";

const OrderPlaced = event(
	"order.placed",
	z.object({
		orderId: z.string(),
		placedAt: z.string().transform((text) => new Date(text)),
		tags: z.array(z.string()).default([]),
	}),
);
const Nightly = event("nightly", z.null());
const Noted = event("noted", z.object({ text: z.string() }).nullable());

interface PlacedInput {
	orderId: string;
	placedAt: string;
	tags?: string[] | undefined;
}
interface PlacedOutput {
	orderId: string;
	placedAt: Date;
	tags: string[];
}

const events = createEvents({ events: [OrderPlaced, Nightly, Noted] });
const Publisher = publisher(events);
const Subscriber = subscriber(events);

const placed: PlacedInput = { orderId: "o1", placedAt: "2027-01-14" };
const wrong = { orderId: 1, placedAt: "2027-01-14" };
const after = { after: "1 day" } as const;

export function aHandlerGetsWhatItIsRegisteredFor() {
	events.on(OrderPlaced, ({ id, name, body, time, delay }, context) => {
		expectTypeOf(body).toEqualTypeOf<PlacedOutput>();
		expectTypeOf(name).toEqualTypeOf<"order.placed">();
		expectTypeOf(id).toEqualTypeOf<string>();
		expectTypeOf([time, delay]).toEqualTypeOf<number[]>();
		expectTypeOf(context).toEqualTypeOf<HandlerContext>();
	});
	events.on("order.placed", { timeout: "10 seconds" }, ({ name, body }) => {
		expectTypeOf(body).toEqualTypeOf<PlacedInput>();
		expectTypeOf(name).toEqualTypeOf<"order.placed">();
	});
	events.on("order.*", { id: "audit", retries: 3 }, ({ name, body }) => {
		expectTypeOf(body).toEqualTypeOf<unknown>();
		expectTypeOf(name).toEqualTypeOf<string>();
	});
	events.on("order.shipped", ({ body }) => {
		expectTypeOf(body).toEqualTypeOf<unknown>();
	});
	events.on<{ parcel: string }>("order.shipped", ({ body }) => {
		expectTypeOf(body).toEqualTypeOf<{ parcel: string }>();
	});
	events.on<{ parcel: string }>("order.shipped", { retries: 0 }, (shipped) => {
		expectTypeOf(shipped.body.parcel).toEqualTypeOf<string>();
	});
}

export function aHandlerOfSeveralNamesTellsThemApart() {
	events.on(["order.placed", "noted"], { id: "both" }, (event) => {
		if (event.name === "noted")
			expectTypeOf(event.body).toEqualTypeOf<{ text: string } | null>();
		else expectTypeOf(event.body).toEqualTypeOf<PlacedInput>();
	});
	events.on(["order.placed", "order.shipped"], ({ body }) => {
		expectTypeOf(body).toEqualTypeOf<unknown>();
	});
}

export function aHandlerWrittenElsewhereMustFit() {
	const output = async (_: TidingsEvent<PlacedOutput>) => {};
	const input = async (_: TidingsEvent<PlacedInput>) => {};
	const any = async (_: TidingsEvent) => {};
	events.on(OrderPlaced, output);
	events.on("order.placed", input);
	events.on(OrderPlaced, any);
	events.on("order.shipped", any);
	events.on<PlacedInput>("order.shipped", input);
	// @ts-expect-error a definition's handler gets the output, where placedAt is a Date
	events.on(OrderPlaced, input);
	// @ts-expect-error a name's handler gets the input, where placedAt is a string
	events.on("order.placed", output);
	// @ts-expect-error the body of a name that is not listed is unknown without a type argument
	events.on("order.shipped", input);
	// @ts-expect-error it is "retries"
	events.on("order.placed", { retry: 3 }, input);
}

export function aWorkflowGetsWhatItsHandlerIsRegisteredFor() {
	interface Bound {
		ANY: Workflow;
		OUTPUT: Workflow<TidingsEvent<PlacedOutput, "order.placed">>;
		INPUT: Workflow<TidingsEvent<PlacedInput>>;
		OTHER: Workflow<{ orderId: string }>;
	}
	events.on(
		OrderPlaced,
		toWorkflow((env: Bound) => env.ANY),
	);
	events.on(
		OrderPlaced,
		{ id: "output" },
		toWorkflow((env: Bound) => env.OUTPUT),
	);
	events.on(
		"order.placed",
		toWorkflow((env: Bound) => env.INPUT),
	);
	events.on(
		"order.**",
		toWorkflow((env: Bound) => env.ANY),
	);
	events.on(
		OrderPlaced,
		toWorkflow((env) => {
			expectTypeOf(env).toEqualTypeOf<Cloudflare.Env>();
			return (env as unknown as Bound).ANY;
		}),
	);
	const input = (env: Bound) => env.INPUT;
	const other = (env: Bound) => env.OTHER;
	// @ts-expect-error a definition's event has the output, where placedAt is a Date
	events.on(OrderPlaced, toWorkflow(input));
	// @ts-expect-error a workflow receives the event, not its body
	events.on(OrderPlaced, toWorkflow(other));
	// @ts-expect-error it accepts a function that finds the binding
	toWorkflow({} as Workflow);
}

export async function aBodyIsCheckedWherePublished() {
	const receipt = await events.publish(OrderPlaced, placed);
	expectTypeOf(receipt).toEqualTypeOf<Receipt>();
	events.publish("order.placed", placed);
	events.publish("order.placed", { ...placed, tags: ["new"] });
	events.publish(OrderPlaced, after, placed);
	events.publish("order.placed", after, placed);
	// @ts-expect-error orderId is a string
	events.publish(OrderPlaced, wrong);
	// @ts-expect-error orderId is a string
	events.publish("order.placed", wrong);
	// @ts-expect-error orderId is a string
	events.publish(OrderPlaced, after, wrong);
	// @ts-expect-error orderId is a string
	events.publish("order.placed", after, wrong);
	// @ts-expect-error a schema accepts its input, not its output
	events.publish(OrderPlaced, { ...placed, placedAt: new Date() });
	// @ts-expect-error orderId is missing
	events.publish("order.placed", { placedAt: "2027-01-14" });
}

export function optionsStandBeforeTheBody() {
	// @ts-expect-error with two arguments the second is the body
	events.publish("order.placed", after);
	// @ts-expect-error options come first
	events.publish("order.placed", placed, after);
	// @ts-expect-error it is "after"
	events.publish("order.placed", { delay: 5 }, placed);
	// @ts-expect-error no fourth argument
	events.publish("order.placed", after, placed, placed);
}

export function aNullBodyIsOnlyWhereAllowed() {
	events.publish("nightly");
	events.publish(Nightly);
	events.publish(Nightly, null);
	events.publish("noted");
	events.publish("noted", { text: "t" });
	events.publish("order.shipped");
	// @ts-expect-error it needs a body
	events.publish("order.placed");
	// @ts-expect-error it needs a body
	events.publish(OrderPlaced);
	// @ts-expect-error the schema does not accept null
	events.publish(OrderPlaced, null);
	// @ts-expect-error the schema accepts only null
	events.publish("nightly", placed);
}

export function anUnlistedNameIsFreeAndCanBeGivenAType() {
	const name: string = "order.shipped";
	events.publish(name, 5);
	events.publish("order.shipped", after, { parcel: 5 });
	events.publish<{ parcel: string }>("order.shipped", { parcel: "p" });
	events.publish<{ parcel: string }>("order.shipped", after, { parcel: "p" });
	// @ts-expect-error parcel is a string
	events.publish<{ parcel: string }>("order.shipped", { parcel: 5 });
	// @ts-expect-error it needs a body
	events.publish<{ parcel: string }>("order.shipped");
}

export async function aBatchIsTypedItemByItem() {
	const receipts = await events.publishBatch([
		{ name: "order.placed", body: { ...placed, tags: ["new"] } },
		{ name: "nightly", after: 5_000, body: null },
		{ name: "order.shipped", after: new Date(), body: { parcel: 5 } },
	]);
	expectTypeOf(receipts).toEqualTypeOf<Receipt[]>();
	events.publishBatch([
		{ name: "order.placed", body: { ...placed, tags: ["new"] as string[] } },
	]);
	events.publishBatch(
		["o1", "o2"].map((orderId) => ({
			name: "order.placed" as const,
			body: { ...placed, orderId },
		})),
	);
	events.publishBatch([
		{ name: "order.shipped", body: wrong },
		// @ts-expect-error orderId is a string
		{ name: "order.placed", body: wrong },
	]);
	events.publishBatch([{ name: "order.shipped" }, { name: "nightly" }]);
	// @ts-expect-error its schema does not accept null
	events.publishBatch([{ name: "order.placed" }]);
	// @ts-expect-error it is "after"
	events.publishBatch([{ name: "nightly", body: null, delay: 5 }]);
}

export function aStrictListHasNoOtherNames() {
	const strict = createEvents({ events: [OrderPlaced, Nightly], strict: true });
	strict.publish("order.placed", placed);
	strict.publish(OrderPlaced, placed);
	strict.publish("nightly");
	strict.publishBatch([
		{ name: "order.placed", body: placed },
		{ name: "nightly" },
	]);
	strict.on("order.placed", ({ body }) => {
		expectTypeOf(body).toEqualTypeOf<PlacedInput>();
	});
	strict.on("order.*", { id: "audit" }, ({ name }) => {
		expectTypeOf(name).toEqualTypeOf<string>();
	});
	strict.on(["order.placed", "nightly"], { id: "both" }, () => {});
	worker(strict);
	publisher(strict);
	const client = createClient<typeof strict>({
		url: "https://a.test",
		key: "k",
	});
	client.publish("nightly");
	// @ts-expect-error it is not listed
	strict.publish("order.plaecd", placed);
	// @ts-expect-error it is not listed
	strict.publish(Noted, null);
	// @ts-expect-error it is not listed
	strict.publishBatch([{ name: "order.plaecd", body: placed }]);
	// @ts-expect-error it is not listed
	strict.on("order.plaecd", () => {});
	// @ts-expect-error it is not listed
	strict.on(["order.placed", "order.plaecd"], () => {});
	// @ts-expect-error it is not listed
	strict.on(Noted, () => {});
	// @ts-expect-error it is not listed
	client.publish("order.plaecd", placed);
	// @ts-expect-error orderId is a string
	strict.publish("order.placed", wrong);
	createEvents({ events: [OrderPlaced], strict: false }).publish("any.other");
}

export function aDefinitionPublishesItself() {
	expectTypeOf(OrderPlaced.publish(placed)).toEqualTypeOf<Promise<Receipt>>();
	OrderPlaced.publish(after, placed);
	Nightly.publish();
	Nightly.publish(after, null);
	// @ts-expect-error orderId is a string
	OrderPlaced.publish(wrong);
	// @ts-expect-error it needs a body
	OrderPlaced.publish();
}

export async function aScheduledEventMovesByItsId(id: string) {
	expectTypeOf(await events.cancel(id)).toEqualTypeOf<boolean>();
	const moved = await events.reschedule(id, "2 days");
	expectTypeOf(moved).toEqualTypeOf<Receipt | false>();
	const forms: After[] = [5_000, new Date(), "1.5 days", id];
	await events.reschedule(id, forms[0] ?? 5);
	// @ts-expect-error a dayjs object is not a Date
	events.reschedule(id, { toDate: () => new Date() });
	// @ts-expect-error it needs a time
	events.reschedule(id);
}

export function aClientKnowsTheEventsOfItsOwner(env: {
	EVENTS: Service<typeof Publisher>;
}) {
	const client = createClient<typeof events>(env.EVENTS);
	client.publish("order.placed", placed);
	client.publish("nightly");
	client.publish("order.shipped", after, 5);
	client.publishBatch([{ name: "order.placed", body: placed }]);
	// @ts-expect-error orderId is a string
	client.publish("order.placed", wrong);
	// @ts-expect-error orderId is a string
	client.publishBatch([{ name: "order.placed", body: wrong }]);
	// @ts-expect-error a client has no handlers
	client.on("order.placed", () => {});

	const unknowing = createClient({ url: "https://example.com", key: "k" });
	unknowing.publish("order.placed", wrong);
	unknowing.publish<PlacedInput>("order.placed", placed);
	// @ts-expect-error it needs a key
	createClient({ url: "https://example.com" });
}

declare global {
	namespace Cloudflare {
		/** As `wrangler types` would write it. */
		interface Env {
			MAIL: Service;
		}
	}
}

export function aConfigurationNamesWhatIsBound() {
	const config = defineConfig({
		subscribers: { mail: { binding: "MAIL" } },
		routes: {
			"mail/send": { events: ["order.placed", "order.*"] },
			receipts: {
				handler: "mail/send",
				events: "order.placed",
				retries: { limit: 3, backoff: "constant" },
				timeout: "10 seconds",
			},
		},
		defaults: { retries: 5, timeout: 10_000 },
		shards: 8,
		retention: { queues: "4 days", deadLetters: "30 days" },
	});
	expectTypeOf(config).toEqualTypeOf<Config>();
	worker(events, { config });
	// @ts-expect-error no binding has this name
	defineConfig({ subscribers: { mail: { binding: "POST" } } });
	// @ts-expect-error a Worker is known by its binding
	defineConfig({ subscribers: { mail: "MAIL" } });
	// @ts-expect-error it is "subscribers"
	defineConfig({ subscriber: {} });
	// @ts-expect-error it is "events"
	defineConfig({ routes: { receipts: { event: "order.placed" } } });
	// @ts-expect-error no such backoff
	defineConfig({ routes: { receipts: { retries: { backoff: "none" } } } });
	// @ts-expect-error it is "retries"
	defineConfig({ defaults: { retry: 3 } });
	defineConfig({ shards: { now: 4, before: 8 } });
	// @ts-expect-error a number of objects
	defineConfig({ shards: "8" });
	// @ts-expect-error it says of what
	defineConfig({ retention: "14 days" });
	// @ts-expect-error the configuration has the shards
	createEvents({ shards: 8 });
	// @ts-expect-error the configuration has the retention
	worker(events, { retention: "14 days" });
}

export function aWorkerThatBringsHandlersIsBoundToTheOwner(env: {
	MAIL: Service<typeof Subscriber>;
}) {
	expectTypeOf(env.MAIL.handlers).toBeFunction();
	expectTypeOf(env.MAIL.deliver).toBeFunction();
	// @ts-expect-error nothing is published through it
	env.MAIL.publish("order.placed", placed);
}
