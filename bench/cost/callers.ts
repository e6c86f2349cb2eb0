/** The callers of a scenario: another Worker, an HTTP client, a user with a token, and the clock. */
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { SignJWT } from "jose";
import type { PublisherBinding } from "tidings/client";
import { vi } from "vitest";
import own, { SECRET } from "./worker.ts";

const KEY = "tid_admin_secret-of-admin";

export const shop = (env as unknown as { SHOP: PublisherBinding }).SHOP;

/** Sends a request with an API key of the scope admin. */
export async function http(
	path: string,
	body: unknown = {},
	headers: Record<string, string> = {},
	method = "POST",
): Promise<Response> {
	const bytes = new TextEncoder().encode(KEY);
	const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
	const hex = [...digest].map((byte) => byte.toString(16).padStart(2, "0"));
	(env as { API_KEYS?: string }).API_KEYS = JSON.stringify([
		{ id: "admin", scopes: ["admin"], digest: hex.join("") },
	]);
	const url = new URL(path, "https://events.example");
	const request = new Request(url, {
		method,
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

/** Creates the token of one subscriber. */
export function tokenOf(number: number, floor: number): Promise<string> {
	return new SignJWT({ door: { number, floor } })
		.setProtectedHeader({ alg: "HS256" })
		.setIssuer("https://auth.example")
		.setExpirationTime("1 hour")
		.sign(new TextEncoder().encode(SECRET));
}

type ClassName = "Scheduler" | "Payloads" | "Subscriptions";

function objectNamed(className: ClassName, name: string): DurableObjectStub {
	const classes = exports as unknown as Record<
		ClassName,
		DurableObjectNamespace
	>;
	return classes[className].getByName(name);
}

/** Advances the clock, and runs an object's alarm. */
export async function alarmAfter(
	ms: number,
	className: ClassName,
	name: string,
): Promise<void> {
	vi.setSystemTime(Date.now() + ms);
	await runInDurableObject(
		objectNamed(className, name),
		async (object, { storage }) => {
			// The platform removes the alarm before it fires, at no cost. `runDurableObjectAlarm` would count it.
			await Object.getPrototypeOf(storage).deleteAlarm.call(storage);
			await object.alarm?.();
		},
	);
}

/** Removes an object from memory, as the platform does with an idle one. The next call starts it again. */
export async function putToSleep(
	className: ClassName,
	name: string,
): Promise<void> {
	await evictDurableObject(objectNamed(className, name));
}
