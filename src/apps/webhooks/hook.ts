/** What an app's module says of a call of its webhook before it is held: whether it is genuine, and whether it is a handshake. */
import { environment } from "../../platform/environment.ts";
import type { HookRequest, Received } from "./trigger.ts";

/** Whether a request is from whom it says. */
export type Verify = (
	request: HookRequest,
	ports: { env: Cloudflare.Env; now: number },
) => boolean | Promise<boolean>;

export interface HookModule {
	/** Refuses what is not genuine, with 401. Default: the unguessable URL is enough. */
	verify?: Verify;
	/** Answers challenges in place of 202; such a request reaches no handler. */
	respond?(
		request: HookRequest,
	): Response | undefined | Promise<Response | undefined>;
}

/** A handshake comes before there is a secret to sign with, so `respond` is asked first. */
export async function receive(
	{ verify, respond }: HookModule,
	request: HookRequest,
	now: number,
): Promise<Received> {
	const response = await respond?.(request);
	if (response) return { type: "answered", response };
	// One that forgets to answer has not said yes.
	const isGenuine =
		!verify || (await verify(request, { env: environment(), now })) === true;
	return { type: isGenuine ? "accepted" : "refused" };
}

/**
 * What the sender calls this delivery: the same when it sends it again. It comes from `webhook-id` (Standard
 * Webhooks), `x-github-delivery`, `idempotency-key`, or the id of Stripe's event. Only a verified request's is to
 * be trusted. `undefined` when there is none, or it is longer than 255 characters.
 */
export function deliveryIdOf(request: HookRequest): string | undefined {
	for (const name of ID_HEADERS) {
		const id = request.headers[name];
		if (id) return id.length > MAX_ID ? undefined : `${name}:${id}`;
	}
	return "stripe-signature" in request.headers
		? stripeIdOf(request.bytes)
		: undefined;
}

/** Not `x-request-id`, which differs for each try, nor `x-shopify-event-id`, which webhooks of several topics share. */
const ID_HEADERS = ["webhook-id", "x-github-delivery", "idempotency-key"];

const MAX_ID = 255;

/** Stripe has no header for it: the event that it sends again keeps its id. */
function stripeIdOf(bytes: Uint8Array): string | undefined {
	try {
		const { id } = JSON.parse(new TextDecoder().decode(bytes));
		return typeof id === "string" && /^evt_\w{1,250}$/.test(id)
			? `stripe:${id}`
			: undefined;
	} catch {
		return undefined;
	}
}
