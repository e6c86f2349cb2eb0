/**
 * Live updates by server-sent events. Every 5 seconds the viewers of one list share one query in an isolate. A viewer
 * gets the fragment only when its data has changed, and otherwise the time of the query.
 */
import type { Child } from "hono/jsx";
import { streamSSE } from "hono/streaming";
import { HttpError, requestFields } from "../entrypoints/http/problem.ts";
import { log } from "../platform/log.ts";
import { base64url } from "./session.ts";
import { type PageContext, renderFor } from "./view.ts";

/** Between two queries, in milliseconds. */
const INTERVAL = 5_000;

/** How soon a page connects again after a stream has ended, and after an error, in milliseconds. */
const RECONNECT = 500;
const RETRY = 30_000;

/**
 * A stream ends after this many queries, and the page connects again: an invocation may make a limited number of calls.
 */
const QUERIES = 24;

/** Queries whose results are cached: a result may have megabytes of errors. */
const MOST_CACHED = 20;

export interface Snapshot<Data> {
	data: Data;
	/** When it was read, in epoch milliseconds. */
	at: number;
	/** Identifies the data. */
	version: string;
}

interface Cached {
	snapshot?: Snapshot<unknown>;
	/** A query of another request runs until then. Its promise cannot be awaited here. */
	until: number;
}

const cache = new Map<string, Cached>();

/** Reads data now, and caches it for the viewers of this key. */
export async function snapshotOf<Data>(
	key: string,
	now: number,
	query: () => Promise<Data>,
): Promise<Snapshot<Data>> {
	const cached = cache.get(key) ?? { until: 0 };
	cache.delete(key);
	cache.set(key, cached);
	cached.until = now + INTERVAL;
	// In order of their last query. Without viewers a result is not needed any more.
	for (const [oldest, { until }] of cache) {
		if (cache.size <= MOST_CACHED && until + INTERVAL > now) break;
		cache.delete(oldest);
	}
	const data = await query();
	const snapshot = { data, at: now, version: await versionOf(data) };
	cached.snapshot = snapshot;
	return snapshot;
}

async function sharedSnapshot<Data>(
	key: string,
	now: number,
	query: () => Promise<Data>,
): Promise<Snapshot<Data> | undefined> {
	const cached = cache.get(key);
	if (cached && now < cached.until)
		return cached.snapshot as Snapshot<Data> | undefined;
	return snapshotOf(key, now, query);
}

/** The element whose content the stream replaces. @param stream the path of the stream, with its query */
export function Live({
	id,
	stream,
	version,
	children,
}: {
	id: string;
	stream: string;
	version: string;
	children?: Child;
}) {
	const separator = stream.includes("?") ? "&" : "?";
	return (
		<div
			id={id}
			data-live
			hx-sse:connect={`${stream}${separator}version=${version}`}
			hx-sse:close={SIGNED_OUT}
			hx-swap="innerMorph"
		>
			{children}
		</div>
	);
}

/** Answers with the stream of a list. @param key of the query; viewers with the same key see the same */
export function streamOf<Data>(
	context: PageContext,
	key: string,
	query: () => Promise<Data>,
	clock: () => number,
	render: (snapshot: Snapshot<Data>) => { toString(): string },
): Response {
	const { view, callerNow } = context.var;
	let seen =
		context.req.header("last-event-id") ?? view.url.searchParams.get("version");
	const response = streamSSE(context, async (stream) => {
		for (let n = 0; n < QUERIES && !stream.aborted; n++) {
			try {
				const now = clock();
				// A stream must not outlive the session, and offers what the key may do now.
				const caller = await callerNow().catch(nobodyIfUnauthorized);
				if (!caller)
					return await stream.writeSSE({ event: SIGNED_OUT, data: "" });
				const snapshot = await sharedSnapshot(key, now, query);
				if (snapshot && snapshot.version !== seen) {
					seen = snapshot.version;
					const data = renderFor({ ...view, caller, now }, render(snapshot));
					if (data) await stream.writeSSE({ data, id: seen });
				}
				if (snapshot) {
					const data = new Date(snapshot.at).toISOString();
					await stream.writeSSE({ event: "fresh", data, retry: RECONNECT });
				}
			} catch (error) {
				log("live_update_failed", { ...requestFields(context), error });
			}
			await stream.sleep(INTERVAL);
		}
	});
	response.headers.delete("transfer-encoding");
	response.headers.delete("connection");
	response.headers.set("cache-control", "no-store");
	return response;
}

/** Access throws where a session is undefined. */
function nobodyIfUnauthorized(error: unknown): undefined {
	if (error instanceof HttpError && error.code === "unauthorized") return;
	throw error;
}

/** Whether a page asks for updates. htmx would show any other answer in place of the list. */
export function isStream({ req }: PageContext): boolean {
	return req.header("accept")?.includes("text/event-stream") ?? false;
}

/** The event that ends the updates of a page. The page asks its viewer to reload it, and to sign in. */
const SIGNED_OUT = "signed-out";

/** Reports to a page that its session has ended. */
export function signedOut(context: PageContext): Response {
	return streamed(context, `event: ${SIGNED_OUT}\ndata:\n\n`);
}

/** Reports to a page that there are no updates now. It tries again later. */
export function noUpdates(context: PageContext): Response {
	return streamed(context, `event: stopped\nretry: ${RETRY}\ndata:\n\n`);
}

function streamed(context: PageContext, text: string): Response {
	return context.body(text, 200, { "content-type": "text/event-stream" });
}

async function versionOf(data: unknown): Promise<string> {
	const bytes = new TextEncoder().encode(JSON.stringify(data));
	const digest = await crypto.subtle.digest("SHA-256", bytes);
	return base64url(digest).slice(0, 16);
}
