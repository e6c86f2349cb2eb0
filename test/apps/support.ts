/** Users with tokens, calls over HTTP, and the outside world of the apps' tests. */
import { env } from "cloudflare:workers";
import { SignJWT } from "jose";
import { expect, vi } from "vitest";
import { boundSubscriptions } from "../../src/apps/subscriptions/bound-subscriptions.ts";
import { checkAnswer } from "../support/described.ts";
import worker, { events, SECRET, transitions } from "./worker.ts";

export const wait = { timeout: 10_000, interval: 10 };

/** A user's token. */
export async function tokenOf(
	account: Record<string, unknown>,
	claims: Record<string, unknown> = {},
): Promise<string> {
	return new SignJWT({ account, ...claims })
		.setProtectedHeader({ alg: "HS256" })
		.setIssuer("https://auth.example")
		.setExpirationTime("1 hour")
		.sign(new TextEncoder().encode(SECRET));
}

export const ada = () => tokenOf({ accountId: "a1", email: "ada@example.com" });
export const ben = () => tokenOf({ accountId: "b2", email: "ben@example.com" });

export async function call(
	method: string,
	path: string,
	{ token, body }: { token?: string; body?: BodyInit } = {},
): Promise<Response> {
	const url = path.startsWith("http") ? path : `https://events.example${path}`;
	const request = new Request(url, {
		method,
		headers: {
			...(token && { authorization: `Bearer ${token}` }),
			...(body !== undefined && { "content-type": "application/json" }),
		},
		...(body !== undefined && { body }),
	});
	const response = await worker.fetch(request as never, env, {} as never);
	const text = await response.clone().text();
	const isJson = response.headers.get("content-type")?.includes("json");
	checkAnswer(events, method, url, {
		status: response.status,
		headers: response.headers,
		json: isJson && text !== "" ? JSON.parse(text) : text,
	});
	return response;
}

/** Fakes the mail service. Returns the requests that it received. */
export function mailService(answer = () => new Response()) {
	const asked: { method: string; body: unknown }[] = [];
	vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
		const request = new Request(input as never, init as never);
		const text = await request.text();
		asked.push({ method: request.method, body: text && JSON.parse(text) });
		return answer();
	});
	return asked;
}

/** The transitions of one event so far: `type handler attempt`. */
export function transitionsOf(id: string): string[] {
	return transitions
		.filter((transition) => transition.id === id)
		.map((transition) =>
			[
				transition.type,
				"handler" in transition && transition.handler,
				"attempt" in transition && transition.attempt,
			]
				.filter(Boolean)
				.join(" "),
		);
}

/** Waits until an event has stopped. */
export async function stopped(name: string): Promise<void> {
	await vi.waitFor(async () => {
		const { phase } = await boundSubscriptions(name).state();
		expect(phase).toBe("stopped");
	}, wait);
}
