/**
 * Runs the functions with which an app's handler module checks a webhook request before it is stored: `verify` and
 * `respond`. It parses no body that is not verified, and stores nothing.
 */
import { environment } from "../../platform/environment.ts";
import { digestOf } from "./digest.ts";
import { jsonOf } from "./json.ts";
import type { HookRequest, Received } from "./trigger.ts";

/** A genuine request, and the sender's id of its delivery, which repetitions share. */
export interface Verified {
	/** Undefined for a delivery that is always new. Read it from what the sender signs. */
	deliveryId: string | undefined;
}

/** Checks whether a request is genuine. */
export type Verify = (
	request: HookRequest,
	ports: { env: Cloudflare.Env; now: number },
) => boolean | Verified | Promise<boolean | Verified>;

export interface HookModule {
	/**
	 * Only `true` or a `deliveryId` accepts the request; any other value rejects it with 401. Default: the secret URL is
	 * enough, and the id of the delivery is in a header.
	 */
	verify?: Verify;
	/** Answers a handshake in place of 202. An answered request does not reach the handler. */
	respond?(
		request: HookRequest,
	): Response | undefined | Promise<Response | undefined>;
	/** Names of headers and query parameters with secrets, which are removed in addition to those that Tidings knows. */
	secretNames?: readonly string[];
}

/**
 * Verifies the request, then calls `respond`, even if the request is not verified: a handshake may happen before the
 * sender has a secret to sign with.
 */
export async function checkRequest(
	{ verify, respond, secretNames = [] }: HookModule,
	request: HookRequest,
	now: number,
): Promise<Received> {
	const [verdict] = await Promise.allSettled([verdictOf(verify, request, now)]);
	const verified = verdict.status === "fulfilled" ? verdict.value : undefined;
	if (respond) {
		const json = verified && jsonOf(request.bytes);
		const response: unknown = await respond(
			json === undefined ? request : { ...request, json },
		);
		if (response instanceof Response) return { type: "answered", response };
		if (response !== undefined && response !== null)
			throw new TypeError(
				`respond returned a value of type ${typeof response}; return a Response, or nothing`,
			);
	}
	if (verdict.status === "rejected") throw verdict.reason;
	return verified
		? { type: "accepted", ...verified, secretNames }
		: { type: "refused" };
}

async function verdictOf(
	verify: Verify | undefined,
	request: HookRequest,
	now: number,
): Promise<Verified | undefined> {
	if (!verify) return { deliveryId: unsignedId(request) };
	const verdict: unknown = await verify(request, { env: environment(), now });
	if (verdict === true) return { deliveryId: undefined };
	// A `verify` that returns nothing has not accepted the request.
	if (typeof verdict !== "object" || verdict === null) return undefined;
	if (!Object.hasOwn(verdict, "deliveryId")) return undefined;
	const { deliveryId } = verdict as Verified;
	return {
		deliveryId:
			typeof deliveryId === "string" && deliveryId !== ""
				? `verified:${await shortened(deliveryId)}`
				: undefined,
	};
}

const MAX_ID = 255;

async function shortened(id: string): Promise<string> {
	return id.length > MAX_ID ? digestOf(id) : id;
}

/** Finds the id of a delivery where nothing is verified. A caller that knows the URL can choose it. */
function unsignedId({ headers }: HookRequest): string | undefined {
	for (const name of ID_HEADERS) {
		const id = headers[name];
		if (id) return id.length > MAX_ID ? undefined : `${name}:${id}`;
	}
	return undefined;
}

/** Not `x-request-id`, which differs in each repetition. Not `x-shopify-event-id`, which several topics share. */
const ID_HEADERS = [
	"webhook-id",
	"svix-id",
	"x-github-delivery",
	"x-shopify-webhook-id",
	"idempotency-key",
];
