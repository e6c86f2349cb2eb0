/** Requests of any shape at the apps' paths: never a 5xx, and never let in. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { boundSubscriptions } from "../../src/apps/subscriptions/bound-subscriptions.ts";
import worker from "./worker.ts";

const word = fc.constantFrom(
	...["@test", "@my-org", "guest", "bell", "email", "rung", "new_email"],
	...["act", "tools", "events", "webhook", "hooks", "..", ".", "", "%2e%2e"],
	...["%", "%E0%A4%A", "%00", "%2F", "@", "constructor", "__proto__", "#", "é"],
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
