/**
 * Subscriptions: which tool of which app runs for whose events. Who asks, and under which tokens, comes with the
 * call; the key is made of the tokens alone. An object keeps them.
 */

import { ForbiddenError } from "../../event/errors.ts";
import type { AppIdentity } from "../app-host.ts";
import type { AppPorts } from "../app-ports.ts";
import { checkTool, findApp, findEvent } from "../directory.ts";
import { verifyTokens } from "../tokens/tokens.ts";
import type {
	Subscribed,
	Subscription,
	SubscriptionQuery,
	SubscriptionStore,
} from "./subscription.ts";
import { type KeyField, keyFields, keyOf } from "./subscription-key.ts";

type SubscribePorts = Pick<
	AppPorts,
	"appWorkers" | "subscriptionsOf" | "issuers" | "clock"
>;

/** @throws RefusedError for an unknown app, event or tool, or tokens that lack the event's fields */
export async function subscribe(
	caller: AppIdentity,
	source: string,
	event: string,
	tool: string,
	ports: SubscribePorts,
): Promise<Subscribed> {
	// Before all else: whoever has no valid token learns of no app, event or tool.
	const claims = await verifyTokens(caller.tokens ?? [], ports.issuers, ports);
	const { declaration } = await findApp(caller.app, ports);
	checkTool(declaration, tool);
	const { subscriptions, fields, name } = await eventOf(source, event, ports);
	const key = keyOf(fields, claims);
	if (caller.isUser && fields.length === 0) {
		const [known] = await subscriptions.list({
			app: caller.app,
			key,
			limit: 1,
		});
		if (known && known.tool !== tool) throw sharedByAll(caller, name, "change");
	}
	return subscriptions.subscribe({ app: caller.app, tool, key });
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
	ports: SubscribePorts,
): Promise<boolean> {
	const claims = await verifyTokens(caller.tokens ?? [], ports.issuers, ports);
	const { subscriptions, fields, name } = await eventOf(source, event, ports);
	if (caller.isUser && fields.length === 0)
		throw sharedByAll(caller, name, "end");
	// A tool that is run by a subscription may end that one.
	const own = caller.subscription;
	const key =
		own && own.source === name && !caller.tokens
			? own.key
			: keyOf(fields, claims);
	return subscriptions.unsubscribe(caller.app, key);
}

/** Ends any subscription, also one whose user or token is gone. False when there is none with this id. */
export async function endSubscription(
	source: string,
	event: string,
	id: number,
	ports: SubscribePorts,
): Promise<boolean> {
	const { subscriptions } = await eventOf(source, event, ports);
	const found = await subscriptions.find(id);
	return found !== null && subscriptions.unsubscribe(found.app, found.key);
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
	ports: SubscribePorts,
): Promise<Subscription[]> {
	const claims = tokens && (await verifyTokens(tokens, ports.issuers, ports));
	const { subscriptions, fields } = await eventOf(source, event, ports);
	const key = claims && keyOf(fields, claims);
	return subscriptions.list({ ...query, ...(key && { key }) });
}

async function eventOf(
	source: string,
	event: string,
	ports: SubscribePorts,
): Promise<{
	name: string;
	subscriptions: SubscriptionStore;
	fields: readonly KeyField[];
}> {
	const { name, declared, subscriptions } = await findEvent(
		source,
		event,
		ports,
	);
	return { name, subscriptions, fields: keyFields(declared.tokens) };
}
