/**
 * Sends requests to the Worker that owns the events over HTTP. Anything may answer at a URL: every answer that is not
 * one of Tidings becomes an error. It does not check events.
 */
import { retryAfterTime } from "../event/duration.ts";
import {
	type Receipt,
	reviveError,
	UnavailableError,
} from "../event/errors.ts";
import { ANSWER_TIME } from "../event/limits.ts";
import type { Calls } from "./transport.ts";

export interface HttpTarget {
	/** URL of the Worker that owns the events, such as `https://events.example.com`, with its prefix if it has one. */
	url: string | URL;
	/** An API key with the scope `publish`. */
	key: string;
	/** Default: the global `fetch`. */
	fetch?: (request: Request) => Promise<Response>;
}

/** The content of an answer with a status from 200 to 299. */
interface Answer {
	status: number;
	/** Undefined unless the content is JSON. */
	json: unknown;
}

/** @throws TypeError for a URL or a key that no request could have, before the first publish would fail */
export function checkHttpTarget({ url, key }: Partial<HttpTarget>): void {
	const fault = (what: string) =>
		new TypeError(`tidings: createClient: ${what}`);
	if (!/^https?:\/\/[^/]/i.test(String(url)) || !URL.canParse(String(url)))
		throw fault(
			`url ${JSON.stringify(url)} does not begin with http:// or https:// and a host: give the URL of the Worker that owns the events`,
		);
	const { username, password, search, hash } = new URL(String(url));
	if (username + password + search + hash !== "")
		throw fault(
			"url has a user, a password, a query or a fragment: give only the origin and the prefix of the Worker",
		);
	if (typeof key !== "string" || key === "")
		throw fault("key is missing; give an API key with the scope publish");
	if (!/^[\x21-\x7e]+$/.test(key))
		throw fault(
			"key has a space, a line break or another character that no key has: give only the key",
		);
}

export function isHttpTarget(target: object): target is HttpTarget {
	// A stub has every property, but none is a string or a URL.
	const { url } = target as HttpTarget;
	return typeof url === "string" || url instanceof URL;
}

export function overHttp(target: HttpTarget): Calls {
	const send = senderTo(target);
	const scheduled = (id: string) => `/v1/scheduled/${encodeURIComponent(id)}`;
	return {
		publish: async (request) =>
			(await send("POST", "/v1/events", request)).json,
		async publishBatch(requests) {
			const { json } = await send("POST", "/v1/events", requests);
			return (json as { receipts?: Receipt[] } | null)?.receipts;
		},
		cancel: (id) =>
			unlessGone(id, async () => {
				const { status, json } = await send("DELETE", scheduled(id));
				return status === 204 || { status, json };
			}),
		reschedule: (id, after) =>
			unlessGone(
				id,
				async () => (await send("PATCH", scheduled(id), { after })).json,
			),
	};
}

/**
 * Returns a function that sends a request and returns its answer.
 *
 * @throws one of our errors for any other answer
 */
export function senderTo({ url, key, fetch: via = fetch }: HttpTarget) {
	const base = String(url).replace(/\/+$/, "");
	return async (
		method: string,
		path: string,
		body?: unknown,
		/** A status from 400 whose JSON is an answer, too. */
		reported?: number,
	): Promise<Answer> => {
		const request = new Request(base + path, {
			method,
			headers: {
				authorization: `Bearer ${key}`,
				...(body !== undefined && { "content-type": "application/json" }),
			},
			...(body !== undefined && { body: JSON.stringify(body) }),
			// A redirect would send the key to another server, or turn the POST into a GET.
			redirect: "manual",
			signal: AbortSignal.timeout(ANSWER_TIME),
		});
		let response: Response;
		try {
			response = await via(request);
		} catch (cause) {
			throw new UnavailableError(`${base} was not reached: try again`, {
				cause,
			});
		}
		return answerOf(response, base, reported);
	};
}

/**
 * Returns an answer with the status 204, or with a status from 200 to 299 and JSON.
 *
 * @throws one of our errors for any other
 */
async function answerOf(
	response: Response,
	base: string,
	reported?: number,
): Promise<Answer> {
	const { status, headers } = response;
	const answered = `${base} answered ${status}`;
	const fail = (code: string, message: string, problem?: object) =>
		reviveError({
			name: "RefusedError",
			...problem,
			code,
			message,
			status,
			retryAfterSeconds: secondsUntil(headers.get("retry-after")),
		});
	let text: string;
	try {
		// Also of an answer that is not needed: unread, it would occupy a connection.
		text = await response.text();
	} catch (error) {
		throw fail(
			"unavailable",
			`${answered}, and its answer ended early: ${(error as Error).message}: try again`,
		);
	}
	// A browser hides the status of a redirect: it is 0.
	if (response.redirected || status < 200 || (status >= 300 && status < 400))
		throw fail(
			"invalid_request",
			`${answered}, a redirect to ${headers.get("location") ?? response.url}: give createClient a URL that does not redirect`,
		);
	const json = jsonOf(text);
	const [type] = (headers.get("content-type") || "no content type").split(";");
	// Something in front of the Worker may answer with the status, too.
	if (status === reported && type === "application/json")
		return { status, json };
	if (status === 204 || (response.ok && json !== undefined))
		return { status, json };
	if (response.ok)
		throw fail(
			"unavailable",
			`${answered} with ${type}, which is not an answer of Tidings: check the URL, and what answers there`,
		);
	// Any other content was written by something in front of the Worker.
	const problem = type === "application/problem+json" ? Object(json) : {};
	throw fail(codeOf(status, problem.code), problem.detail ?? answered, problem);
}

/** @param code in the problem document. A newer version may have codes that this one does not know */
function codeOf(status: number, code: unknown): string {
	if (code === "partial_publish") return code;
	if ([408, 425, 429].includes(status) || (status >= 500 && status !== 501))
		return "unavailable";
	if (typeof code === "string") return code;
	if (status === 401) return "unauthorized";
	return status === 403 ? "forbidden" : "invalid_request";
}

function secondsUntil(retryAfter: string | null): number | undefined {
	const now = Date.now();
	const time =
		retryAfter === null ? undefined : retryAfterTime(retryAfter, now);
	return time && Math.max(0, Math.ceil((time - now) / 1_000));
}

function jsonOf(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}

/** Returns false if the event is no longer scheduled. */
async function unlessGone<Result>(
	id: string,
	call: () => Promise<Result>,
): Promise<Result | false> {
	// An empty id would make the path of another resource.
	if (id === "") return false;
	return call().catch((error) => {
		if (error.code === "not_found") return false;
		throw error;
	});
}
