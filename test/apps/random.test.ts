/** Random requests, and conservation: each matching delivery of each send ends exactly once. */
import fc from "fast-check";
import type { Capabilities } from "tidings/apps";
import { afterAll, expect, test, vi } from "vitest";
import { boundSubscriptions } from "../../src/apps/subscriptions/bound-subscriptions.ts";
import { asApp } from "./as-app.ts";
import { acts } from "./more-apps.ts";
import { stopped, wait } from "./support.ts";
import worker, { transitions } from "./worker.ts";

const word = fc.constantFrom(
	"@test",
	"@my-org",
	"guest",
	"bell",
	"email",
	"rung",
	"new_email",
	"act",
	"tools",
	"events",
	"webhook",
	"hooks",
	"..",
	".",
	"",
	"%2e%2e",
	"%",
	"%E0%A4%A",
	"%00",
	"%2F",
	"@",
	"constructor",
	"__proto__",
	"#",
	"é",
	"A".repeat(43),
);
const path = fc
	.tuple(
		fc.constantFrom("/v1/apps", "/v1/subscriptions", "/hooks"),
		fc.array(fc.oneof({ weight: 4, arbitrary: word }, fc.string()), {
			maxLength: 6,
		}),
		fc.oneof(
			fc.constant(""),
			fc.constant("?source=@test/bell&event=rung&limit=5"),
			fc.string().map((query) => `?${query}`),
		),
	)
	.map(([root, parts, query]) => [root, ...parts].join("/") + query);
const part = fc.constantFrom("e30", "eyJhbGciOiJub25lIn0", "x", "%", "-_");
const bearer = fc.oneof(
	fc.constant(undefined),
	fc.tuple(part, part, part).map((parts) => `Bearer ${parts.join(".")}`),
	fc.string().map((text) => `Bearer ${text}`),
	fc.constant(
		"Bearer eyJhbGciOiJub25lIn0.eyJpc3MiOiJodHRwczovL2F1dGguZXhhbXBsZSJ9.",
	),
);
const body = fc.oneof(
	fc.constant(undefined),
	fc.json(),
	fc.uint8Array(),
	fc.constant(
		'{"app":"@test/guest","source":"@test/bell","event":"rung","tool":"act"}',
	),
);
const type = fc.constantFrom("application/json", "text/plain", "x", undefined);

test("no request results in a 5xx, and without a valid token every request is rejected", async () => {
	await fc.assert(
		fc.asyncProperty(
			path,
			fc.constantFrom("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"),
			bearer,
			body,
			type,
			async (path, method, authorization, body, type) => {
				let request: Request;
				try {
					const hasBody = method !== "GET" && method !== "HEAD";
					request = new Request(`https://events.example${path}`, {
						method,
						headers: {
							...(authorization !== undefined && { authorization }),
							...(type && { "content-type": type }),
						},
						...(hasBody && body !== undefined && { body }),
					});
				} catch {
					// No caller can send such a header or URL.
					return;
				}
				const response = await worker.fetch(
					request as never,
					{} as never,
					{} as never,
				);
				expect(response.status).toBeGreaterThanOrEqual(400);
				expect(response.status).toBeLessThan(500);
			},
		),
		{ numRuns: 1_000 },
	);
	const { subscribers } = await boundSubscriptions("@test/bell/rung").state();
	expect(subscribers).toBe(0);
});

const NAME = "@test/bell/rung";
const subscriptions = boundSubscriptions(NAME);
const FLOORS = 5;
const SUBSCRIBERS = 40;
const SENDS = 30;

afterAll(async () => {
	for (const { app, key } of await subscriptions.list({ limit: 100 }))
		await subscriptions.unsubscribe(app, key);
	await stopped(NAME);
});

test("with forty subscribers and thirty sends, each matching delivery ends exactly once, delivered or dead", async () => {
	const keyOf = (n: number) =>
		[
			["name", `door-${n}`],
			["floor", n % FLOORS],
			["isOpen", n % 2 === 0],
		] as const;
	for (let n = 0; n < SUBSCRIBERS; n++)
		await subscriptions.subscribe({
			app: "@test/guest",
			tool: "act",
			key: keyOf(n),
		});
	const delivered: string[] = [];
	const tries = new Map<string, number>();
	const act = ({ subscription }: Capabilities, input: unknown) => {
		const name = subscription?.key.name as string;
		const { text } = input as { text: string };
		const at = `${text} ${name}`;
		const n = Number(name.slice(5)) + Number(text);
		const tried = (tries.get(at) ?? 0) + 1;
		tries.set(at, tried);
		if (n % 7 === 3)
			throw Object.assign(new Error("never"), { tidings: "non_retryable" });
		if (n % 11 === 5 && tried === 1)
			throw Object.assign(new Error("later"), {
				tidings: "retry_after",
				retryAt: Date.now() + 1_000,
			});
		delivered.push(at);
	};
	acts.set("@test/guest", act as never);
	const sends = new Map<string, number>();
	for (let n = 0; n < SENDS; n++) {
		const { id } = await asApp("@test/bell", ({ event }) =>
			event.send("rung", {
				...(n % 3 > 0 && { toSubscribers: { floor: n % FLOORS } }),
				payload: { text: String(n) },
			}),
		);
		sends.set(id, n);
	}
	const endsOf = (id: string) =>
		transitions
			.filter((one) => one.id === id && "handler" in one)
			.filter(({ type }) => ["delivered", "dead"].includes(type))
			.map((one) => (one as { handler: string }).handler);
	await vi.waitFor(
		() => {
			for (const [id, n] of sends) {
				const ends = endsOf(id);
				const matched = n % 3 > 0 ? SUBSCRIBERS / FLOORS : SUBSCRIBERS;
				expect(ends).toHaveLength(matched);
				expect(new Set(ends).size).toBe(ends.length);
			}
		},
		{ ...wait, timeout: 25_000 },
	);
	const handled = (type: string) =>
		transitions.filter((one) => sends.has(one.id) && one.type === type);
	expect(handled("delivered")).toHaveLength(delivered.length);
	expect(new Set(delivered).size).toBe(delivered.length);
	expect(handled("dead").length).toBeGreaterThan(0);
	expect(handled("retrying").length).toBeGreaterThan(0);
}, 30_000);
