/** The Worker under test: its handlers do what a test says, and it keeps every transition. */
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
import { publisher, subscriber, worker } from "tidings/worker";
import * as z from "zod";

/** Every transition, in order. */
export const transitions: Transition[] = [];

/** What handlers do, by handler id; one that a test does not set succeeds. */
export const behaviours = new Map<
	string,
	(event: TidingsEvent, context: HandlerContext) => unknown
>();

/** What the user's own fetch does at a path, in a request of its own. */
export const requests = new Map<string, () => Promise<unknown>>();

/** What the user's own queue handler was given. */
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

/** The workflow that events are handed to: its output is what it was started with. */
export class Fulfilment extends WorkflowEntrypoint {
	override async run(started: WorkflowEvent<unknown>, step: WorkflowStep) {
		const { instanceId: id, payload } = started;
		workflowRuns.set(id, (workflowRuns.get(id) ?? 0) + 1);
		return step.do("keep", async () => payload as Record<string, never>);
	}
}

const own = worker(events, {
	async fetch(request) {
		const { pathname } = new URL(request.url);
		const act = requests.get(pathname);
		if (act) return Response.json((await act()) ?? null);
		if (pathname !== "/not-awaited") return new Response("the user's own");
		// As people do: nobody awaits it, and the response goes out at once.
		events.publish("order.placed", { from: "a publish that nobody awaits" });
		return new Response("published");
	},
	queue: (batch) => {
		ownBatches.push(batch.queue);
	},
});

export default own;
export const Publisher = publisher(events);
export {
	DeadLetters,
	Payloads,
	Scheduler,
	Subscriptions,
} from "tidings/worker";

/** Handlers of another Worker, which is this one behind a binding of its own. */
export const mail = createEvents();
mail.on(
	"order.placed",
	{ id: "send", timeout: 50, retries: twice },
	behaving("send"),
);
mail.on("order.**", { id: "log", retries: twice }, behaving("log"));
export const Subscriber = subscriber(mail);
