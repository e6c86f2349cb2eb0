/** Calls over HTTP with a key that may do everything. */
import { env } from "cloudflare:workers";
import worker from "./worker.ts";

const KEY = "tid_admin_secret-of-admin";

/** Puts the key's digest where the Worker looks for it. */
export async function installKeys(): Promise<void> {
	const bytes = new TextEncoder().encode(KEY);
	const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
	const hex = [...digest].map((byte) => byte.toString(16).padStart(2, "0"));
	(env as { API_KEYS?: string }).API_KEYS = JSON.stringify([
		{ id: "admin", scopes: ["admin"], digest: hex.join("") },
	]);
}

export async function keyed(
	method: string,
	path: string,
	body?: unknown,
	key = KEY,
): Promise<Response> {
	const request = new Request(`https://events.example${path}`, {
		method,
		headers: {
			authorization: `Bearer ${key}`,
			...(body !== undefined && { "content-type": "application/json" }),
		},
		...(body !== undefined && { body: JSON.stringify(body) }),
	});
	return worker.fetch(request as never, env, {} as never);
}
