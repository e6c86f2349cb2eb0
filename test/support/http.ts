/** The HTTP door of the Worker under test, with keys for each scope. */
import { env, exports } from "cloudflare:workers";
import { checkAnswer } from "./described.ts";
import { events } from "./worker.ts";

const SCOPES = {
	admin: ["admin"],
	read: ["read"],
	publish: ["publish"],
	orders: ["publish:order.**"],
	none: [],
} as const;

export type KeyName = keyof typeof SCOPES;

export function keyOf(name: KeyName): string {
	return `tid_${name}_secret-of-${name}`;
}

/** Puts the digests where the Worker looks for them; nobody comes in before. */
export async function installKeys(): Promise<void> {
	const keys = Object.entries(SCOPES).map(async ([id, scopes]) => {
		const bytes = new TextEncoder().encode(keyOf(id as KeyName));
		const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
		const hex = [...digest].map((byte) => byte.toString(16).padStart(2, "0"));
		return { id, scopes, digest: hex.join("") };
	});
	(env as { API_KEYS?: string }).API_KEYS = JSON.stringify(
		await Promise.all(keys),
	);
}

export interface Answer {
	status: number;
	// biome-ignore lint/suspicious/noExplicitAny: a test knows what it asked for
	json: any;
	headers: Headers;
}

/** @param body is sent as JSON; a string as it is */
export async function call(
	method: string,
	path: string,
	body?: unknown,
	{
		key = "admin",
		...headers
	}: { key?: KeyName | "" } & Record<string, string> = {},
): Promise<Answer> {
	const worker = (exports as unknown as { default: Fetcher }).default;
	const response = await worker.fetch(`https://events.test${path}`, {
		method,
		headers: {
			...(key && { authorization: `Bearer ${keyOf(key as KeyName)}` }),
			...(body !== undefined && { "content-type": "application/json" }),
			...headers,
		},
		...(body !== undefined && {
			body: typeof body === "string" ? body : JSON.stringify(body),
		}),
	});
	const text = await response.text();
	const isJson = response.headers.get("content-type")?.includes("json");
	const answer = {
		status: response.status,
		json: isJson && text !== "" ? JSON.parse(text) : text,
		headers: response.headers,
	};
	checkAnswer(events, method, path, answer);
	return answer;
}
