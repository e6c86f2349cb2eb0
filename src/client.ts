/**
 * Door: publishing from elsewhere, by a service binding or by URL. It runs in Workers and in Node, checks
 * nothing that the owner of the events checks, and gives errors back as the classes they were.
 */
import type { CatalogueIn, Publishes } from "./contract/catalogue.ts";
import type { Receipt } from "./contract/errors.ts";
import { atIndex, reviveError, UnavailableError } from "./contract/errors.ts";
import { bodyText } from "./contract/json.ts";
import {
	localRequestOf,
	type PublishRequest,
	requestsOf,
} from "./contract/request.ts";

export {
	ForbiddenError,
	PartialPublishError,
	RefusedError,
	UnauthorizedError,
	UnavailableError,
} from "./contract/errors.ts";
export type { Publishes, Receipt };

// Dynamic, so that the module loads where there is no such platform.
const platform = await import(
	/* webpackIgnore: true */ /* @vite-ignore */ "cloudflare:workers"
).catch(() => undefined);

/** A service binding to the owner's `Publisher` entrypoint: `env.EVENTS`. */
export interface PublisherBinding {
	// biome-ignore lint/suspicious/noExplicitAny: a stub's methods are as the owner's catalogue types them
	publish(...args: any[]): Promise<Receipt>;
	// biome-ignore lint/suspicious/noExplicitAny: likewise
	publishBatch(items: any): Promise<Receipt[]>;
	cancel(id: string): Promise<boolean>;
	// biome-ignore lint/suspicious/noExplicitAny: likewise
	reschedule(id: string, after: any): Promise<Receipt | false>;
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
interface Transport {
	publish(request: PublishRequest): Promise<Receipt>;
	publishBatch(requests: PublishRequest[]): Promise<Receipt[]>;
	cancel(id: string): Promise<boolean>;
	reschedule(id: string, after: unknown): Promise<Receipt | false>;
}

/**
 * A typed publisher over a service binding or over HTTP. In a Worker what is not awaited arrives all the same.
 *
 * @example
 * const events = createClient<typeof import("./events").events>(env.EVENTS);
 * await events.publish("order.placed", { orderId: "o1" });
 */
export function createClient<Events = unknown>(
	target: PublisherBinding | BareBinding | HttpTarget,
): Publishes<CatalogueIn<Events>> {
	const transport = isHttp(target)
		? byHttp(target)
		: byBinding(target as PublisherBinding);
	return {
		publish: (...args: unknown[]) =>
			kept(async () => transport.publish(plain(localRequestOf(args)))),
		publishBatch: (items: readonly unknown[]) =>
			kept(async () => transport.publishBatch(requestsOf(items).map(plainAt))),
		cancel: (id: string) => kept(() => transport.cancel(id)),
		reschedule: (id: string, after: unknown) =>
			kept(() => transport.reschedule(id, after)),
	} as Publishes<CatalogueIn<Events>>;
}

/** Outlives the response where the platform lets it, and gives back the error's class. */
function kept<Result>(call: () => Promise<Result>): Promise<Result> {
	const result = call().catch((error) => {
		throw reviveError(error);
	});
	try {
		platform?.waitUntil(
			result.catch((error) => console.warn("tidings: not published", error)),
		);
	} catch {
		// Outside of a request there is nothing to outlive.
	}
	return result;
}

/** What crosses a door is plain JSON, so that dates and class instances behave alike at all of them. */
function plain(request: PublishRequest): PublishRequest {
	const { name, body, after } = request;
	return {
		name,
		body: JSON.parse(bodyText(body)),
		...(after !== undefined && { after }),
	};
}

function plainAt(request: PublishRequest, index: number): PublishRequest {
	try {
		return plain(request);
	} catch (error) {
		throw atIndex(error, index);
	}
}

function isHttp(target: object): target is HttpTarget {
	// A stub answers to every name, though never with a string or a URL.
	const { url } = target as HttpTarget;
	return typeof url === "string" || url instanceof URL;
}

function byBinding(binding: PublisherBinding): Transport {
	return {
		publish: ({ name, body, after }) =>
			after === undefined
				? binding.publish(name, body)
				: binding.publish(name, { after }, body),
		publishBatch: (requests) => binding.publishBatch(requests),
		cancel: (id) => binding.cancel(id),
		reschedule: (id, after) => binding.reschedule(id, after),
	};
}

function byHttp({ url, key, fetch: via = fetch }: HttpTarget): Transport {
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
			unlessGone(async () => {
				await send("DELETE", scheduled(id));
				return true;
			}),
		reschedule: (id, after) =>
			unlessGone(async () =>
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
	call: () => Promise<Result>,
): Promise<Result | false> {
	return call().catch((error) => {
		if (error.code === "not_found") return false;
		throw error;
	});
}
