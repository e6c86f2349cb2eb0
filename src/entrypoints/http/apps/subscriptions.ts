/** `/v1/subscriptions`: subscribes tools of apps to events, ends subscriptions and lists them. */
import type { Hono } from "hono";
import * as z from "zod";
import type { AppPorts } from "../../../apps/app-ports.ts";
import {
	endSubscription,
	listSubscriptions,
	subscribe,
	unsubscribe,
} from "../../../apps/subscriptions/subscribe.ts";
import { REQUEST_BYTES } from "../../../event/limits.ts";
import { check, readJson } from "../input.ts";
import { requireScope } from "../keys.ts";
import { component } from "../openapi/parts.ts";
import { type Http, route } from "../operation.ts";
import { Subscribed, SubscriptionPage, Unsubscribed } from "./answers.ts";
import { identityOf, tokensOf } from "./users.ts";

const Unsubscribe = z.strictObject({
	app: z.string().describe("the subscriber"),
	source: z.string().describe("the app that has the event"),
	event: z.string(),
	tokens: z.array(z.string()).max(10).optional(),
});

const UnsubscribeById = z.strictObject({
	id: z.number().int().describe("as in the list; requires admin"),
	source: z.string(),
	event: z.string(),
});

const Subscribe = component(
	"NewSubscription",
	Unsubscribe.extend({ tool: z.string() }),
);

const Query = z.strictObject({
	source: z.string().describe("the app that has the event"),
	event: z.string(),
	app: z.string().describe("the subscriber").optional(),
	after: z.coerce
		.number()
		.int()
		.min(0)
		.default(0)
		.describe("the id of the last subscription of the page before"),
	limit: z.coerce.number().int().min(1).max(1_000).default(100),
});

export function subscriptionRoutes(app: Hono<Http>, ports: AppPorts): void {
	route(app, "/v1/subscriptions", {
		POST: {
			id: "subscribe",
			summary: "Subscribes a tool of an app to an event of an app",
			access: "user",
			content: { "application/json": Subscribe },
			answers: { 201: Subscribed },
			async answer({ req, var: { caller }, json }) {
				const input = await readJson(req.raw, REQUEST_BYTES);
				const { app, source, event, tool, tokens } = check(Subscribe, input);
				const identity = identityOf(app, caller, tokens);
				return json(await subscribe(identity, source, event, tool, ports), 201);
			},
		},

		DELETE: {
			id: "unsubscribe",
			summary: "Ends a subscription, by its app or by its id",
			access: "user",
			content: {
				"application/json": component(
					"OldSubscription",
					z.union([Unsubscribe, UnsubscribeById]),
				),
			},
			answers: { 200: Unsubscribed },
			async answer({ req, var: { caller }, json }) {
				const input = await readJson(req.raw, REQUEST_BYTES);
				if (Object.hasOwn(Object(input), "id")) {
					requireScope(caller, "admin");
					const { id, source, event } = check(UnsubscribeById, input);
					const unsubscribed = await endSubscription(source, event, id, ports);
					return json({ unsubscribed });
				}
				const { app, source, event, tokens } = check(Unsubscribe, input);
				const identity = identityOf(app, caller, tokens);
				const unsubscribed = await unsubscribe(identity, source, event, ports);
				return json({ unsubscribed });
			},
		},

		GET: {
			id: "listSubscriptions",
			summary: "Lists the subscriptions to an event",
			access: "user",
			query: Query,
			answers: { 200: SubscriptionPage },
			async answer({ var: { caller }, json }, given) {
				const { source, event, app, ...page } = given;
				const query = { ...page, ...(app !== undefined && { app }) };
				const tokens = tokensOf(caller);
				const found = await listSubscriptions(
					caller.user ? tokens : undefined,
					source,
					event,
					query,
					ports,
				);
				const last = found.at(-1);
				const isFull = found.length === page.limit;
				return json({
					subscriptions: found.map(({ key, ...one }) => ({
						...one,
						key: Object.fromEntries(key),
					})),
					...(last && isFull && { after: last.id }),
				});
			},
		},
	});
}
