/** Who uses the Worker in a scenario: another Worker, a caller over HTTP, a user with a token, and the clock. */
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
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

type ClassName = "Scheduler" | "Payloads" | "Subscriptions";

function objectNamed(className: ClassName, name: string): DurableObjectStub {
	const classes = exports as unknown as Record<
		ClassName,
		DurableObjectNamespace
	>;
	return classes[className].getByName(name);
}

/** Lets time pass, and an object's alarm come. */
export async function alarmAfter(
	ms: number,
	className: ClassName,
	name: string,
): Promise<void> {
	vi.setSystemTime(Date.now() + ms);
	await runInDurableObject(
		objectNamed(className, name),
		async (object, { storage }) => {
			// As the platform takes it, uncounted, which runDurableObjectAlarm does not.
			await Object.getPrototypeOf(storage).deleteAlarm.call(storage);
			await object.alarm?.();
		},
	);
}

/** The platform puts an object that is idle out of memory: its next call starts it anew. */
export async function putToSleep(
	className: ClassName,
	name: string,
): Promise<void> {
	await evictDurableObject(objectNamed(className, name));
}
