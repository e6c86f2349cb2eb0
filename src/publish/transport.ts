/**
 * Sends requests to the Worker that owns the events, over a service binding or over HTTP. It sends bodies as plain
 * JSON and restores the classes of errors. It does not check events.
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

/** The binding as `wrangler types` writes it without the entrypoint's class: a bare `Service`. */
export interface BareBinding {
	// biome-ignore lint/suspicious/noExplicitAny: the platform's own method, never called
	connect(...args: any[]): unknown;
}

export interface HttpTarget {
	/** URL of the Worker that owns the events, such as `https://events.example.com`, with its prefix if it has one. */
	url: string | URL;
	/** An API key with the scope `publish`. */
	key: string;
	/** Default: the global `fetch`. */
	fetch?: (request: Request) => Promise<Response>;
}

/** A connection to the Worker that owns the events. */
interface Transport {
	publish(request: PublishRequest): Promise<Receipt>;
	publishBatch(requests: PublishRequest[]): Promise<Receipt[]>;
	cancel(id: string): Promise<boolean>;
	reschedule(id: string, after: unknown): Promise<Receipt | false>;
}

/** Everything that a Worker can ask of the owner of the events. */
export interface Bus extends Transport {
	/** Runs a tool of an app at once. */
	runTool(
		app: string,
		tool: string,
		input: unknown,
		tokens: readonly string[],
	): Promise<unknown>;
}

/** @throws TypeError if the target is neither a binding nor `{ url, key }` */
export function transportTo(
	target: PublisherBinding | BareBinding | HttpTarget,
): Transport {
	checkTarget(target);
	const transport = isHttp(target)
		? overHttp(target)
		: overBinding(target as PublisherBinding);
	return {
		publish: (request) =>
			withRevivedErrors(async () => transport.publish(plain(request))),
		publishBatch: (requests) =>
			withRevivedErrors(async () =>
				transport.publishBatch(mapAtIndex(requests, plain)),
			),
		cancel: (id) => withRevivedErrors(() => transport.cancel(id)),
		reschedule: (id, after) =>
			withRevivedErrors(async () => {
				checkForm(after);
				return transport.reschedule(id, after);
			}),
	};
}

/** Makes a call, and restores the class of an error that crossed a binding or HTTP. */
export async function withRevivedErrors<Result>(
	call: () => Promise<Result>,
): Promise<Result> {
	try {
		return await call();
	} catch (error) {
		throw reviveError(error);
	}
}

/** A request is plain JSON, so that dates and class instances behave alike at every entry point. */
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

/** @throws TypeError for an invalid target, before the first publish would fail */
function checkTarget(target: unknown): void {
	const { publish, url, key } = (target ?? {}) as Record<string, unknown>;
	if (typeof url === "string" || url instanceof URL) {
		if (!/^https?:\/\//.test(String(url)))
			throw new TypeError(
				`tidings: createClient: url ${JSON.stringify(url)} does not begin with http:// or https://: give the URL of the Worker that owns the events`,
			);
		if (typeof key !== "string" || key === "")
			throw new TypeError(
				"tidings: createClient: key is missing; give an API key with the scope publish",
			);
	} else if (typeof publish !== "function")
		throw new TypeError(
			"tidings: createClient: the target is neither a binding nor { url, key }: bind the owner's Publisher entrypoint in [[services]], or give { url, key }",
		);
}

function isHttp(target: object): target is HttpTarget {
	// A stub has every property, but none is a string or a URL.
	const { url } = target as HttpTarget;
	return typeof url === "string" || url instanceof URL;
}

/** A rejection returned as a value. A rejection that is thrown over RPC appears as `Uncaught` in the owner's log. */
export type Answer = { value: unknown } | { error: object };

/**
 * Calls a method of the owner's entrypoint.
 *
 * @throws the error that the owner returned
 */
export async function callOwner(
	binding: PublisherBinding,
	method: keyof PublisherBinding,
	...args: unknown[]
): Promise<unknown> {
	type Methods = Record<string, (...args: unknown[]) => Promise<unknown>>;
	const owner = binding as unknown as Methods;
	// A test double of a user may have the documented methods only.
	if (typeof owner.request !== "function") return owner[method]?.(...args);
	const answer = (await owner.request(method, args)) as Answer;
	if ("error" in answer) throw reviveError(answer.error);
	return answer.value;
}

function overBinding(binding: PublisherBinding): Transport {
	const call = async <Result>(
		method: keyof PublisherBinding,
		...args: unknown[]
	) => (await callOwner(binding, method, ...args)) as Result;
	return {
		publish: ({ name, body, ...options }) =>
			Object.keys(options).length === 0
				? call("publish", name, body)
				: call("publish", name, options, body),
		publishBatch: (requests) => call("publishBatch", requests),
		cancel: (id) => call("cancel", id),
		reschedule: (id, after) => call("reschedule", id, after),
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
