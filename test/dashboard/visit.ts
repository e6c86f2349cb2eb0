/** A visitor of the dashboard in the Worker under test: it keeps cookies, and posts forms with the token of a page. */
import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { type DashboardOptions, dashboard } from "../../src/dashboard.ts";
import { type Apps, apps } from "../../src/entrypoints/apps.ts";
import { worker } from "../../src/worker.ts";
import { type KeyName, keyOf } from "../support/http.ts";
import { events } from "../support/worker.ts";

export const ORIGIN = "https://events.test";

export interface Seen {
	status: number;
	text: string;
	headers: Headers;
	location: string | null;
}

const isStream = ({ headers }: Response) =>
	headers.get("content-type") === "text/event-stream";

/** Reads a stream message by message. It is empty after the last one. */
function messagesOf(response: Response) {
	const reader = response.body?.getReader();
	return {
		async next(): Promise<string> {
			return new TextDecoder().decode((await reader?.read())?.value);
		},
		cancel: () => reader?.cancel(),
	};
}

/** Of a stream, the first message. */
async function textOf(response: Response): Promise<string> {
	if (!isStream(response)) return response.text();
	const messages = messagesOf(response);
	const first = await messages.next();
	await messages.cancel();
	return first;
}

/** @param of the Worker, in addition to the dashboard */
export function visitor(
	options: DashboardOptions = {},
	of: { apps?: Apps } = { apps: apps() },
) {
	const own = worker(events, {
		...of,
		dashboard: dashboard(options),
	});
	const path = own && (options.path === "/" ? "" : (options.path ?? ""));
	let cookie = "";
	let token = "";

	async function answer(to: string, init: RequestInit): Promise<Response> {
		const headers = new Headers(init.headers);
		if (cookie !== "" && !headers.has("cookie")) headers.set("cookie", cookie);
		const response = await own.fetch(
			new Request(ORIGIN + to, {
				...init,
				headers,
				redirect: "manual",
			}) as never,
			env as never,
			createExecutionContext(),
		);
		return response as Response;
	}

	async function send(to: string, init: RequestInit = {}): Promise<Seen> {
		const response = await answer(to, init);
		const set = response.headers.get("set-cookie");
		if (set !== null) [cookie = ""] = set.split(";");
		const text = await textOf(response);
		token = /name="token" value="([^"]+)"/.exec(text)?.[1] ?? token;
		const { status } = response;
		const location = response.headers.get("location");
		return { status, text, headers: response.headers, location };
	}

	const post = (
		to: string,
		fields: Record<string, string>,
		headers: Record<string, string> = {},
	) =>
		send(path + to, {
			method: "POST",
			headers: { origin: ORIGIN, "sec-fetch-site": "same-origin", ...headers },
			body: new URLSearchParams({ token, ...fields }),
		});

	return {
		get: (to: string, headers: Record<string, string> = {}) =>
			send(path + to, { headers }),
		post,
		/** Opens a stream of updates. */
		async listen(to: string, headers: Record<string, string> = {}) {
			return messagesOf(await answer(path + to, { headers }));
		},
		/** Signs in as a person would: opens a page, and posts its form. */
		async signIn(key: KeyName | string, to = "/events"): Promise<Seen> {
			await send(path + to);
			const known = key.includes("_") ? key : keyOf(key as KeyName);
			return post("/sign-in", { key: known, next: path + to });
		},
		get cookie() {
			return cookie;
		},
		set cookie(value: string) {
			cookie = value;
		},
		get token() {
			return token;
		},
	};
}

/** Returns a visitor who has signed in with a key and looks at a page. */
export async function signedIn(key: KeyName, page?: string) {
	const person = visitor();
	await person.signIn(key);
	if (page !== undefined) await person.get(page);
	return person;
}
