/**
 * Subscriptions: which tool of which app runs for whose events. Who asks, and under which tokens, comes with the
 * call; the key is made of the tokens alone. An object keeps them.
 */

import type { Issuers } from "../../config/config.ts";
import { ForbiddenError } from "../../event/errors.ts";
import type { HandlerWorkers } from "../../handlers/call.ts";
import type { AppIdentity } from "../app-host.ts";
import { checkTool, findApp, findEvent } from "../directory.ts";
import { verifyTokens } from "../tokens/tokens.ts";
import type {
	Subscribed,
	Subscription,
	SubscriptionQuery,
	SubscriptionStore,
} from "./subscription.ts";
import { type KeyField, keyFields, keyOf } from "./subscription-key.ts";

export interface Subscribing {
	consumers: HandlerWorkers;
	subscriptionsOf(eventName: string): SubscriptionStore;
	issuers: Issuers;
	clock(): number;
}

/** @throws RefusedError for an unknown app, event or tool, or tokens that lack the event's fields */
export async function subscribe(
	caller: AppIdentity,
	source: string,
	event: string,
	tool: string,
	ports: Subscribing,
): Promise<Subscribed> {
	// Before all else: whoever has no valid token learns of no app, event or tool.
	const claims = await verifyTokens(caller.tokens ?? [], ports.issuers, ports);
	const { declaration } = await findApp(caller.app, ports);
	checkTool(declaration, tool);
	const { keeper, fields, name } = await eventOf(source, event, ports);
	const key = keyOf(fields, claims);
	if (caller.isUser && fields.length === 0) {
		const [known] = await keeper.list({ app: caller.app, key, limit: 1 });
		if (known && known.tool !== tool) throw sharedByAll(caller, name, "change");
	}
	return keeper.subscribe({ app: caller.app, tool, key });
}

function sharedByAll(
	{ app }: AppIdentity,
	name: string,
	act: "change" | "end",
): ForbiddenError {
	return new ForbiddenError(
		`${name} is public, so ${app} has one subscription for all: only ${app}, or a key with the scope "admin", may ${act} it`,
	);
}

/** False when there was none. @throws RefusedError as `subscribe` */
export async function unsubscribe(
	caller: AppIdentity,
	source: string,
	event: string,
	ports: Subscribing,
): Promise<boolean> {
	const claims = await verifyTokens(caller.tokens ?? [], ports.issuers, ports);
	const { keeper, fields, name } = await eventOf(source, event, ports);
	if (caller.isUser && fields.length === 0)
		throw sharedByAll(caller, name, "end");
	// A tool that is run by a subscription may end that one.
	const own = caller.subscription;
	const key =
		own && own.source === name && !caller.tokens
			? own.key
			: keyOf(fields, claims);
	return keeper.unsubscribe(caller.app, key);
}

/** Ends any subscription, also one whose user or token is gone. False when there is none with this id. */
export async function endSubscription(
	source: string,
	event: string,
	id: number,
	ports: Subscribing,
): Promise<boolean> {
	const { keeper } = await eventOf(source, event, ports);
	const found = await keeper.find(id);
	return found !== null && keeper.unsubscribe(found.app, found.key);
}

/**
 * The subscriptions of one event, by ids.
 *
 * @param tokens those of a user, who sees only what has the key that they make; absent for all
 */
export async function listSubscriptions(
	tokens: readonly string[] | undefined,
	source: string,
	event: string,
	query: SubscriptionQuery,
	ports: Subscribing,
): Promise<Subscription[]> {
	const claims = tokens && (await verifyTokens(tokens, ports.issuers, ports));
	const { keeper, fields } = await eventOf(source, event, ports);
	const key = claims && keyOf(fields, claims);
	return keeper.list({ ...query, ...(key && { key }) });
}

async function eventOf(
	source: string,
	event: string,
	ports: Subscribing,
): Promise<{
	name: string;
	keeper: SubscriptionStore;
	fields: readonly KeyField[];
}> {
	const { name, declared, keeper } = await findEvent(source, event, ports);
	return { name, keeper, fields: keyFields(declared.tokens) };
}
