/** `/v1/subscriptions`: subscribes tools of apps to events, ends subscriptions and lists them. */
import type { Hono } from "hono";
import * as z from "zod";
import type { AppPorts } from "../../apps/app-ports.ts";
import {
	endSubscription,
	listSubscriptions,
	subscribe,
	unsubscribe,
} from "../../apps/subscriptions/subscribe.ts";
import { REQUEST_BYTES } from "../../event/limits.ts";
import { check, queryOf, readJson } from "./input.ts";
import { requireScope } from "./keys.ts";
import { type Http, route } from "./routes.ts";
import { identityOf, tokensOf } from "./users.ts";

const Unsubscribe = z.strictObject({
	/** The subscriber. */
	app: z.string(),
	source: z.string(),
	event: z.string(),
	tokens: z.array(z.string()).max(10).optional(),
});

/** Ends any subscription by its id in the list. */
const UnsubscribeById = z.strictObject({
	id: z.number().int(),
	source: z.string(),
	event: z.string(),
});

const Subscribe = Unsubscribe.extend({ tool: z.string() });

const Query = z.strictObject({
	source: z.string(),
	event: z.string(),
	app: z.string().optional(),
	after: z.coerce.number().int().min(0).default(0),
	limit: z.coerce.number().int().min(1).max(1_000).default(100),
});

export function subscriptionRoutes(app: Hono<Http>, ports: AppPorts): void {
	route(app, "/v1/subscriptions", {
		async POST({ req, var: { caller }, json }) {
			const input = await readJson(req.raw, REQUEST_BYTES);
			const { app, source, event, tool, tokens } = check(Subscribe, input);
			const identity = identityOf(app, caller, tokens);
			return json(await subscribe(identity, source, event, tool, ports), 201);
		},

		async DELETE({ req, var: { caller }, json }) {
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

		async GET({ req, var: { caller }, json }) {
			const { source, event, app, ...page } = check(Query, queryOf(req.raw));
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
	});
}
