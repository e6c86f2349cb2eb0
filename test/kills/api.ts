/** Calls the Worker over HTTP with an API key. */
import { createHash } from "node:crypto";
import type { DeadLetter } from "./ledger.ts";

const KEY = "tid_kills_secret-of-kills";
const digest = createHash("sha256").update(KEY).digest("hex");

/** The digest of the key, for the Worker. */
export const API_KEYS = JSON.stringify([
	{ id: "kills", scopes: ["admin"], digest },
]);

export interface Receipt {
	id: string;
	time: number;
	delay: number;
}

export interface Publish {
	name: string;
	after?: number;
	body: unknown;
}

/** Timeout of a request, in milliseconds. */
const TIMEOUT = 30_000;

/** Returns the receipts in the order of the events; null for an event that was not acknowledged. */
export async function publish(
	url: string,
	events: readonly Publish[],
): Promise<(Receipt | null)[]> {
	const [first] = events;
	const response = await call(
		url,
		"POST",
		"/v1/events",
		events.length > 1 ? events : first,
	);
	const answer = (await response.json()) as Receipt & {
		receipts?: (Receipt | null)[];
		detail?: string;
	};
	if (response.status === 202) return answer.receipts ?? [answer];
	if (response.status === 503) return answer.receipts ?? events.map(() => null);
	throw new Error(`publish: ${response.status} ${answer.detail}`);
}

export async function deadLetters(url: string): Promise<DeadLetter[]> {
	const all: DeadLetter[] = [];
	for (let cursor = ""; ; ) {
		const response = await call(
			url,
			"GET",
			`/v1/dead-letters?limit=1000${cursor && `&cursor=${cursor}`}`,
		);
		const page = (await response.json()) as {
			deadLetters: DeadLetter[];
			cursor?: string;
		};
		all.push(...page.deadLetters);
		if (page.cursor === undefined) return all;
		cursor = page.cursor;
	}
}

export async function call(
	url: string,
	method: string,
	path: string,
	body?: unknown,
): Promise<Response> {
	return fetch(url + path, {
		method,
		headers: {
			authorization: `Bearer ${KEY}`,
			"content-type": "application/json",
		},
		...(body !== undefined && { body: JSON.stringify(body) }),
		signal: AbortSignal.timeout(TIMEOUT),
	});
}
