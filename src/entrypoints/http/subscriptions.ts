/** `/v1/subscriptions`: subscribe an app's tool to an event, end that, and see who is subscribed. */
import type { Hono } from "hono";
import * as z from "zod";
import type { AppPorts } from "../../apps/app-ports.ts";
import {
	endSubscription,
	listSubscriptions,
	subscribe,
	unsubscribe,
} from "../../apps/subscriptions/subscribe.ts";
import { check, readJson } from "./input.ts";
import { requireScope } from "./keys.ts";
import { type Http, route } from "./routes.ts";
import { inNameOfCaller, tokensOf } from "./users.ts";

const Leaving = z.strictObject({
	/** The subscriber. */
	app: z.string(),
	source: z.string(),
	event: z.string(),
	tokens: z.array(z.string()).max(10).optional(),
});

/** By its id in the list, whosever it is. */
const Ending = z.strictObject({
	id: z.number().int(),
	source: z.string(),
	event: z.string(),
});

const Joining = Leaving.extend({ tool: z.string() });

const Asked = z.strictObject({
	source: z.string(),
	event: z.string(),
	app: z.string().optional(),
	after: z.coerce.number().int().min(0).default(0),
	limit: z.coerce.number().int().min(1).max(1_000).default(100),
});

export function subscriptionRoutes(app: Hono<Http>, ports: AppPorts): void {
	route(app, "/v1/subscriptions", {
		async POST({ req, var: { caller }, json }) {
			const { app, source, event, tool, tokens } = check(
				Joining,
				await readJson(req.raw),
			);
			const inName = inNameOfCaller(app, caller, tokens);
			return json(await subscribe(inName, source, event, tool, ports), 201);
		},

		async DELETE({ req, var: { caller }, json }) {
			const asked = await readJson(req.raw);
			if (Object.hasOwn(Object(asked), "id")) {
				requireScope(caller, "admin");
				const { id, source, event } = check(Ending, asked);
				const isEnded = await endSubscription(source, event, id, ports);
				return json({ unsubscribed: isEnded });
			}
			const { app, source, event, tokens } = check(Leaving, asked);
			const inName = inNameOfCaller(app, caller, tokens);
			const unsubscribed = await unsubscribe(inName, source, event, ports);
			return json({ unsubscribed });
		},

		async GET({ req, var: { caller }, json }) {
			const { source, event, app, ...page } = check(Asked, req.query());
			const query = { ...page, ...(app !== undefined && { app }) };
			const tokens = tokensOf(caller);
			const under = caller.token === undefined ? undefined : tokens;
			const found = await listSubscriptions(under, source, event, query, ports);
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
