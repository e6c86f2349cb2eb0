/**
 * Subscribes tools of apps to events of other apps, ends subscriptions and lists them. The key of a subscription comes
 * from verified tokens only. It must not store subscriptions; `subscriptions-object.ts` does.
 */
import { ForbiddenError } from "../../event/errors.ts";
import type { AppIdentity } from "../app-host.ts";
import type { AppPorts } from "../app-ports.ts";
import type { AppDeclaration } from "../declaration.ts";
import { checkTool, findApp, findEvent } from "../directory.ts";
import { verifyTokens } from "../tokens/tokens.ts";
import type {
	Subscribed,
	Subscription,
	SubscriptionQuery,
} from "./subscription.ts";
import { keyFields, keyOf } from "./subscription-key.ts";

type SubscribePorts = Pick<
	AppPorts,
	"appWorkers" | "subscriptionsOf" | "issuers" | "clock"
>;

/**
 * Subscribes a tool of the caller to an event of another app.
 *
 * @throws RefusedError `unknown_app`, `unknown_event`, `unknown_tool`, or `invalid_token` if the tokens lack the event's
 * fields; ForbiddenError if a user would join a tool and an event that the app does not list, or change the one
 * subscription to a public event
 */
export async function subscribe(
	caller: AppIdentity,
	source: string,
	event: string,
	tool: string,
	ports: SubscribePorts,
): Promise<Subscribed> {
	// First, so that a caller without a valid token cannot find out which apps, events and tools exist.
	const claims = await verifyTokens(caller.tokens ?? [], ports.issuers, ports);
	const { declaration } = await findApp(caller.app, ports);
	checkTool(declaration, tool);
	const { subscriptions, fields, name } = await eventOf(source, event, ports);
	if (caller.isUser) checkUserSubscription(declaration, tool, name);
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

/** An event of any app could otherwise run a tool that trusts its input. @throws ForbiddenError */
function checkUserSubscription(
	{ name: app, userSubscriptions }: AppDeclaration,
	tool: string,
	event: string,
): void {
	const events = Object.hasOwn(userSubscriptions, tool)
		? userSubscriptions[tool]
		: [];
	if (events?.includes(event)) return;
	throw new ForbiddenError(
		`users may not subscribe ${JSON.stringify(tool)} of ${app} to ${event}; run a tool of ${app} that subscribes, or list the event in the userSubscriptions of createApp(${JSON.stringify(app)})`,
	);
}

function sharedByAll(
	{ app }: AppIdentity,
	name: string,
	act: "change" | "end",
): ForbiddenError {
	return new ForbiddenError(
		`${name} is public, so ${app} has one subscription for all users; only ${app}, or a key with the scope "admin", may ${act} it`,
	);
}

/** Ends a subscription. Returns false if there is none. @throws RefusedError, ForbiddenError as `subscribe` does */
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
	// A tool that a subscription runs may end that subscription.
	const own = caller.subscription;
	const isOwn = own && own.source === source && own.event === event;
	const key = isOwn && !caller.tokens ? own.key : keyOf(fields, claims);
	return subscriptions.unsubscribe(caller.app, key);
}

/** Ends any subscription by id, even if its user has no valid token any more. Returns false if there is none. */
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
 * Lists the subscriptions of one event, by ids.
 *
 * @param tokens of a user, who sees only the subscriptions with the user's key. Absent: all subscriptions
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

async function eventOf(source: string, event: string, ports: SubscribePorts) {
	const { name, declared, subscriptions } = await findEvent(
		source,
		event,
		ports,
	);
	return { name, subscriptions, fields: keyFields(declared.tokens) };
}
