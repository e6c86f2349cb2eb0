/** How the script calls the Worker: over HTTP, with a key, as anyone from outside does. */
import { createHash } from "node:crypto";
import type { Letter } from "./ledger.ts";

const KEY = "tid_kills_secret-of-kills";
const digest = createHash("sha256").update(KEY).digest("hex");

/** The secret that lets it in. */
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

/** A request that gets no answer within this has none, in milliseconds. */
const PATIENCE = 30_000;

/** The receipts in the order of the events, null where one was not acknowledged. */
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

export async function deadLetters(url: string): Promise<Letter[]> {
	const letters: Letter[] = [];
	for (let cursor = ""; ; ) {
		const response = await call(
			url,
			"GET",
			`/v1/dead-letters?limit=1000${cursor && `&cursor=${cursor}`}`,
		);
		const page = (await response.json()) as {
			deadLetters: Letter[];
			cursor?: string;
		};
		letters.push(...page.deadLetters);
		if (page.cursor === undefined) return letters;
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
		signal: AbortSignal.timeout(PATIENCE),
	});
}
