/** Who uses the Worker in a scenario: another Worker, a caller over HTTP, a user with a token, and the clock. */
import { runInDurableObject } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { SignJWT } from "jose";
import type { PublisherBinding } from "tidings/client";
import { vi } from "vitest";
import own, { SECRET } from "./worker.ts";

const KEY = "tid_admin_secret-of-admin";

export const shop = (env as unknown as { SHOP: PublisherBinding }).SHOP;

/** A request over HTTP, with a key that may do everything. */
export async function http(
	path: string,
	body: unknown = {},
	headers: Record<string, string> = {},
): Promise<Response> {
	const bytes = new TextEncoder().encode(KEY);
	const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
	const hex = [...digest].map((byte) => byte.toString(16).padStart(2, "0"));
	(env as { API_KEYS?: string }).API_KEYS = JSON.stringify([
		{ id: "admin", scopes: ["admin"], digest: hex.join("") },
	]);
	const url = new URL(path, "https://events.example");
	const request = new Request(url, {
		method: "POST",
		headers: {
			authorization: `Bearer ${KEY}`,
			"content-type": "application/json",
			...headers,
		},
		body: JSON.stringify(body),
	});
	const response = await own.fetch(request as never, env as never, {} as never);
	if (!response.ok) throw new Error(await response.text());
	return response;
}

/** The token of whoever lives behind a door. */
export function tokenOf(number: number, floor: number): Promise<string> {
	return new SignJWT({ door: { number, floor } })
		.setProtectedHeader({ alg: "HS256" })
		.setIssuer("https://auth.example")
		.setExpirationTime("1 hour")
		.sign(new TextEncoder().encode(SECRET));
}

/** Lets time pass, and an object's alarm come. */
export async function alarmAfter(
	ms: number,
	className: "Scheduler" | "Payloads",
	name: string,
): Promise<void> {
	vi.setSystemTime(Date.now() + ms);
	const namespace = (
		exports as unknown as Record<string, DurableObjectNamespace>
	)[className] as DurableObjectNamespace;
	// Not runDurableObjectAlarm, whose own deleteAlarm would be counted.
	await runInDurableObject(namespace.getByName(name), (object) =>
		object.alarm?.(),
	);
}
