import { Hono } from "hono";
import { afterEach, expect, test, vi } from "vitest";
import {
	HttpError,
	problem,
	requestFields,
} from "../../src/entrypoints/http/problem.ts";
import {
	PartialPublishError,
	RefusedError,
	UnavailableError,
} from "../../src/event/errors.ts";

const log = vi.spyOn(console, "error").mockImplementation(() => {});
afterEach(() => log.mockClear());

test.for([
	new Error("the password is 1234"),
	Object.assign(new Error("the password is 1234"), { code: "ENOENT" }),
	Object.assign(new Error("the password is 1234"), { code: "toString" }),
	{ message: "the password is 1234", headers: { password: "1234" } },
	"the password is 1234",
	undefined,
	null,
])(
	"an unknown error is described only in the log, never in the response: %#",
	async (thrown) => {
		const request = { method: "GET", path: "/v1/events/:id" };
		const response = problem(thrown, request);
		expect(response.status).toBe(500);
		expect(JSON.stringify([...response.headers])).not.toContain("password");
		expect(await response.json()).toEqual({
			type: "about:blank",
			title: "Internal Server Error",
			status: 500,
			code: "internal",
			detail: "the request failed; the log says why",
		});
		expect(log).toHaveBeenCalledOnce();
		const line = JSON.parse(log.mock.calls[0]?.[0]);
		expect(line).toMatchObject({ tidings: "request_failed", ...request });
		if (thrown) expect(line.error.message).toBe("the password is 1234");
	},
);

test("the log has the registered path of a request, and not its secret", async () => {
	const app = new Hono().basePath("/api");
	app.onError((error, context) => problem(error, requestFields(context)));
	app.use("/hooks/*", (_, next) => next());
	app.get("/hooks/:secret", () => {
		throw new Error("no");
	});
	await app.request("/api/hooks/1234");
	expect(JSON.parse(log.mock.calls[0]?.[0])).toMatchObject({
		method: "GET",
		path: "/api/hooks/:secret",
	});
});

test("an error of ours has its code, status and details in the response, and is not logged", async () => {
	const refused = problem(
		new RefusedError("schema_violation", "why", {
			index: 2,
			issues: [{ path: "n", message: "m" }],
		}),
	);
	expect(refused.headers.get("content-type")).toBe("application/problem+json");
	expect(await refused.json()).toEqual({
		type: "about:blank",
		title: "Unprocessable Content",
		status: 422,
		code: "schema_violation",
		detail: "why",
		index: 2,
		issues: [{ path: "n", message: "m" }],
	});
	const unauthorized = problem(new HttpError("unauthorized", "no key"));
	expect(unauthorized.headers.get("www-authenticate")).toBe("Bearer");
	const token = problem(new RefusedError("invalid_token", "it has expired"));
	expect(token.status).toBe(401);
	expect(token.headers.get("www-authenticate")).toBe(
		'Bearer error="invalid_token"',
	);
	expect(log).not.toHaveBeenCalled();
});

test.each([
	[new UnavailableError("why"), 0, "1"],
	[new UnavailableError("why"), 0.999, "5"],
	[new PartialPublishError([null]), 0.5, "3"],
])(
	"an outage has a retry-after with jitter, in whole seconds: %#",
	(error, drawn, seconds) => {
		const { status, headers } = problem(error, undefined, () => drawn);
		expect(status).toBe(503);
		expect(headers.get("retry-after")).toBe(seconds);
	},
);

test("an error that a retry cannot fix has no retry-after", () => {
	const { headers } = problem(new RefusedError("invalid_name", "why"));
	expect(headers.has("retry-after")).toBe(false);
});
