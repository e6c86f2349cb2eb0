/**
 * Runs the functions with which an app's handler module checks a webhook request before it is stored: `verify` and
 * `respond`. It also finds the sender's id of a delivery. It stores nothing.
 */
import { environment } from "../../platform/environment.ts";
import type { HookRequest, Received } from "./trigger.ts";

/** Checks whether a request is genuine. */
export type Verify = (
	request: HookRequest,
	ports: { env: Cloudflare.Env; now: number },
) => boolean | Promise<boolean>;

export interface HookModule {
	/** Only `true` accepts the request; any other value rejects it with 401. Default: the secret URL is enough. */
	verify?: Verify;
	/** Answers a handshake in place of 202. An answered request does not reach the handler. */
	respond?(
		request: HookRequest,
	): Response | undefined | Promise<Response | undefined>;
}

/** Calls `respond` first, because a handshake happens before the sender has a secret to sign with. */
export async function checkRequest(
	{ verify, respond }: HookModule,
	request: HookRequest,
	now: number,
): Promise<Received> {
	const response = await respond?.(request);
	if (response) return { type: "answered", response };
	// A `verify` that returns nothing has not accepted the request.
	const isGenuine =
		!verify || (await verify(request, { env: environment(), now })) === true;
	return { type: isGenuine ? "accepted" : "refused" };
}

/**
 * Finds the sender's id of a delivery, which repetitions share. Sources: `webhook-id` (Standard Webhooks),
 * `x-github-delivery`, `idempotency-key`, or the id of Stripe's event. Trust it only after `verify`.
 *
 * Returns undefined if there is none, or if it is longer than 255 characters.
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

/** Not `x-request-id`, which differs in each repetition. Not `x-shopify-event-id`, which several topics share. */
const ID_HEADERS = ["webhook-id", "x-github-delivery", "idempotency-key"];

const MAX_ID = 255;

/** Stripe has no header for the id. Repetitions have the same event id in the body. */
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
