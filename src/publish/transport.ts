/**
 * How requests travel to the Worker that owns the events: over a service binding, or over HTTP. Bodies go as
 * plain JSON, and errors come back as the classes they were.
 */
import { checkForm } from "../event/after-form.ts";
import {
	mapAtIndex,
	type Receipt,
	reviveError,
	UnavailableError,
} from "../event/errors.ts";
import { bodyText } from "../event/json.ts";
import type { PublishRequest } from "./request.ts";

/** A service binding to the owner's `Publisher` entrypoint: `env.EVENTS`. */
export interface PublisherBinding {
	// biome-ignore lint/suspicious/noExplicitAny: a stub's methods are as the owner's catalogue types them
	publish(...args: any[]): Promise<Receipt>;
	// biome-ignore lint/suspicious/noExplicitAny: likewise
	publishBatch(items: any): Promise<Receipt[]>;
	cancel(id: string): Promise<boolean>;
	// biome-ignore lint/suspicious/noExplicitAny: likewise
	reschedule(id: string, after: any): Promise<Receipt | false>;
	runTool(
		app: string,
		tool: string,
		input: unknown,
		options: { tokens: readonly string[] },
	): Promise<unknown>;
}

/** The same as `wrangler types` writes it, a bare `Service`, when it does not know the entrypoint's class. */
export interface BareBinding {
	// biome-ignore lint/suspicious/noExplicitAny: the platform's own method, which is not called
	connect(...args: any[]): unknown;
}

export interface HttpTarget {
	/** Where the owner of the events answers, such as `https://events.example.com`, with its prefix if it has one. */
	url: string | URL;
	/** An API key with the scope `publish`. */
	key: string;
	/** Default: the global `fetch`. */
	fetch?: (request: Request) => Promise<Response>;
}

/** How requests travel. */
export interface Transport {
	publish(request: PublishRequest): Promise<Receipt>;
	publishBatch(requests: PublishRequest[]): Promise<Receipt[]>;
	cancel(id: string): Promise<boolean>;
	reschedule(id: string, after: unknown): Promise<Receipt | false>;
}

/** @param target a binding, or where and with which key to call */
export function transportTo(
	target: PublisherBinding | BareBinding | HttpTarget,
): Transport {
	checkTarget(target);
	const way = isHttp(target)
		? overHttp(target)
		: overBinding(target as PublisherBinding);
	return {
		publish: (request) =>
			withRevivedErrors(async () => way.publish(plain(request))),
		publishBatch: (requests) =>
			withRevivedErrors(async () =>
				way.publishBatch(mapAtIndex(requests, plain)),
			),
		cancel: (id) => withRevivedErrors(() => way.cancel(id)),
		reschedule: (id, after) =>
			withRevivedErrors(async () => {
				checkForm(after);
				return way.reschedule(id, after);
			}),
	};
}

/** Errors as the classes that they were before they crossed. */
export async function withRevivedErrors<Result>(
	call: () => Promise<Result>,
): Promise<Result> {
	try {
		return await call();
	} catch (error) {
		throw reviveError(error);
	}
}

/** What crosses a door is plain JSON, so that dates and class instances behave alike at all of them. */
function plain(request: PublishRequest): PublishRequest {
	const { name, body, after, lane } = request;
	if (after !== undefined) checkForm(after);
	return {
		name,
		body: JSON.parse(bodyText(body)),
		...(after !== undefined && { after }),
		...(lane !== undefined && { lane }),
	};
}

/** @throws TypeError for what can be no target: better here than at the first publish */
function checkTarget(target: unknown): void {
	const { publish, url, key } = (target ?? {}) as Record<string, unknown>;
	if (typeof url === "string" || url instanceof URL) {
		if (!/^https?:\/\//.test(String(url)))
			throw new TypeError(
				`tidings: createClient: url ${JSON.stringify(url)} does not begin with http:// or https://`,
			);
		if (typeof key !== "string" || key === "")
			throw new TypeError("tidings: createClient: key is missing");
	} else if (typeof publish !== "function")
		throw new TypeError(
			"tidings: createClient was given no target: bind the owner's Publisher entrypoint in [[services]], or give { url, key }",
		);
}

function isHttp(target: object): target is HttpTarget {
	// A stub answers to every name, though never with a string or a URL.
	const { url } = target as HttpTarget;
	return typeof url === "string" || url instanceof URL;
}

function overBinding(binding: PublisherBinding): Transport {
	return {
		publish: ({ name, body, ...options }) =>
			Object.keys(options).length === 0
				? binding.publish(name, body)
				: binding.publish(name, options, body),
		publishBatch: (requests) => binding.publishBatch(requests),
		cancel: (id) => binding.cancel(id),
		reschedule: (id, after) => binding.reschedule(id, after),
	};
}

function overHttp({ url, key, fetch: via = fetch }: HttpTarget): Transport {
	const base = String(url).replace(/\/+$/, "");
	const scheduled = (id: string) => `/v1/scheduled/${encodeURIComponent(id)}`;
	return {
		publish: async (request) =>
			(await send("POST", "/v1/events", request)).json(),
		async publishBatch(requests) {
			const response = await send("POST", "/v1/events", requests);
			return ((await response.json()) as { receipts: Receipt[] }).receipts;
		},
		cancel: (id) =>
			unlessGone(id, async () => {
				await send("DELETE", scheduled(id));
				return true;
			}),
		reschedule: (id, after) =>
			unlessGone(id, async () =>
				(await send("PATCH", scheduled(id), { after })).json<Receipt>(),
			),
	};

	async function send(
		method: string,
		path: string,
		body?: unknown,
	): Promise<Response> {
		const request = new Request(base + path, {
			method,
			headers: {
				authorization: `Bearer ${key}`,
				...(body !== undefined && { "content-type": "application/json" }),
			},
			...(body !== undefined && { body: JSON.stringify(body) }),
		});
		const response = await via(request).catch((cause) => {
			throw new UnavailableError(`${base} was not reached: publish again`, {
				cause,
			});
		});
		if (response.ok) return response;
		const problem = await response
			.json()
			.then((json) => json as { code?: string; detail?: string })
			.catch(() => ({}) as { code?: string; detail?: string });
		const message = problem.detail ?? `${base} answered ${response.status}`;
		throw problem.code === undefined && response.status >= 500
			? new UnavailableError(message)
			: Object.assign(new Error(message), problem, { message });
	}
}

/** False where the event is not scheduled any more. */
async function unlessGone<Result>(
	id: string,
	call: () => Promise<Result>,
): Promise<Result | false> {
	// An empty id makes another path.
	if (id === "") return false;
	return call().catch((error) => {
		if (error.code === "not_found") return false;
		throw error;
	});
}

/**
 * Makes a call that nobody awaits outlive the response, or it is lost with it. A rejection is logged there,
 * for then nobody else sees it.
 *
 * @param waitUntil the platform's, where there is one
 */
export function outliveResponse<Result>(
	call: () => Promise<Result>,
	waitUntil: ((promise: Promise<unknown>) => void) | undefined,
): Promise<Result> {
	const result = call();
	try {
		waitUntil?.(
			result.catch((error) => console.warn("tidings: not published", error)),
		);
	} catch {
		// Outside of a request there is nothing to outlive.
	}
	return result;
}
