/** The Worker under test. Its handlers do what a test sets, and it records all transitions. */
import {
	WorkflowEntrypoint,
	type WorkflowEvent,
	type WorkflowStep,
} from "cloudflare:workers";
import {
	createEvents,
	event,
	type HandlerContext,
	type TidingsEvent,
	type Transition,
} from "tidings";
import { apps } from "tidings/apps";
import { selftest } from "tidings/selftest";
import { operator, publisher, subscriber, worker } from "tidings/worker";
import * as z from "zod";

/** All transitions, in order. */
export const transitions: Transition[] = [];

/** The behaviour of each handler, by its id. A handler without one succeeds. */
export const behaviours = new Map<
	string,
	(event: TidingsEvent, context: HandlerContext) => unknown
>();

/** The behaviour of the user's own fetch, by path. */
export const requests = new Map<string, () => Promise<unknown>>();

/** The queues of the batches that the user's own queue handler received. */
export const ownBatches: string[] = [];

export const UserJoined = event(
	"user.joined",
	z.object({
		userId: z.string(),
		email: z.email(),
		visits: z.coerce.number().default(0),
	}),
);

export const events = createEvents({
	events: [UserJoined],
	observe: (transition) => transitions.push(transition),
});

function behaving(id: string) {
	return (event: TidingsEvent, context: HandlerContext) =>
		behaviours.get(id)?.(event, context);
}

const twice = { limit: 2, backoff: "constant", base: "1 second" } as const;

// Three handlers of order.placed, by name and by both kinds of pattern.
events.on("order.placed", { id: "first", retries: twice }, behaving("first"));
events.on("order.*", { id: "second", retries: twice }, behaving("second"));
events.on("order.**", { id: "third", retries: twice }, behaving("third"));

events.on(
	"load.one",
	{ id: "load", retries: { ...twice, limit: 1 } },
	behaving("load"),
);
events.on("never.again", { id: "never", retries: 0 }, behaving("never"));
events.on(
	"long.wait",
	{ id: "long", retries: { backoff: ["20 hours"] } },
	behaving("long"),
);
events.on(
	"slow.one",
	{ id: "slow", timeout: 50, retries: 0 },
	behaving("slow"),
);
events.on(
	"ampt.like",
	{
		id: "ampt",
		retries: { backoff: "constant", base: "6 minutes", maxAge: "14 days" },
	},
	behaving("ampt"),
);
events.on(UserJoined, { id: "welcome", retries: 0 }, (event, context) =>
	behaviours.get("welcome")?.(event, context),
);
events.on<unknown>(
	"user.joined",
	{ id: "audit", retries: 0 },
	behaving("audit"),
);

/** How often the workflow ran, by instance id. */
export const workflowRuns = new Map<string, number>();

/** The workflow that events start. It returns its params. */
export class Fulfilment extends WorkflowEntrypoint {
	override async run(started: WorkflowEvent<unknown>, step: WorkflowStep) {
		const { instanceId: id, payload } = started;
		workflowRuns.set(id, (workflowRuns.get(id) ?? 0) + 1);
		return step.do("keep", async () => payload as Record<string, never>);
	}
}

const own = worker(events, {
	apps: apps(),
	selftest: selftest(),
	async fetch(request) {
		const { pathname } = new URL(request.url);
		const act = requests.get(pathname);
		if (act) return Response.json((await act()) ?? null);
		if (pathname !== "/not-awaited") return new Response("the user's own");
		// A common mistake: the publish is not awaited, and the response is sent at once.
		events.publish("order.placed", { from: "a publish that nobody awaits" });
		return new Response("published");
	},
	queue: (batch) => {
		ownBatches.push(batch.queue);
	},
});

export default own;
export const Publisher = publisher(events);
export const Operator = operator(events);
export {
	DeadLetters,
	Jobs,
	Journal,
	Keys,
	Payloads,
	Scheduler,
	Subscriptions,
} from "tidings/objects";

/** Handlers of another Worker. It is this Worker behind its own binding. */
export const mail = createEvents();
mail.on(
	"order.placed",
	{ id: "send", timeout: 50, retries: twice },
	behaving("send"),
);
mail.on("order.**", { id: "log", retries: twice }, behaving("log"));
export const Subscriber = subscriber(mail, { key: "mail" });
