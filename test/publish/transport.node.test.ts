/** The client, with a real server or a binding: every failure is an error of Tidings, whatever answers. */
import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test, vi } from "vitest";
import * as z from "zod";
import {
	createClient,
	ForbiddenError,
	PartialPublishError,
	RefusedError,
	UnauthorizedError,
	UnavailableError,
} from "../../src/client.ts";
import { event } from "../../src/event/definition.ts";

const servers: Server[] = [];
afterEach(() => {
	vi.useRealTimers();
	for (const server of servers.splice(0)) {
		server.closeAllConnections();
		server.close();
	}
});

/** Starts a server. Returns a client of it, and its URL. */
async function clientOf(listener: RequestListener) {
	const server = createServer(listener);
	servers.push(server);
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
	return { client: createClient({ url, key: "tid_a_b" }), url };
}

/** Returns a client whose server gives one answer. */
async function answered(
	status: number,
	content: unknown,
	headers: Record<string, string> = {},
) {
	const type = status < 300 ? "application/json" : "application/problem+json";
	const { client } = await clientOf((_, response) => {
		const text =
			typeof content === "string" ? content : JSON.stringify(content);
		response
			.writeHead(status, { "content-type": type, ...headers })
			.end(status === 204 ? undefined : text);
	});
	return client;
}

type Client = Awaited<ReturnType<typeof answered>>;

const CALLS: Record<string, (client: Client) => Promise<unknown>> = {
	publish: (client) => client.publish("a.b", 1),
	publishBatch: (client) => client.publishBatch([{ name: "a.b", body: 1 }]),
	cancel: (client) => client.cancel("e1"),
	reschedule: (client) => client.reschedule("e1", "1 day"),
};

async function errorOf(call: Promise<unknown>): Promise<UnavailableError> {
	return call.then(
		(result) => expect.unreachable(`it resolved: ${JSON.stringify(result)}`),
		(error) => error,
	);
}

const receipt = { id: "e1", time: 1, delay: 0 };
const signIn = "<!doctype html><title>Sign in</title>";
const html = { "content-type": "text/html; charset=utf-8" };

describe.each(Object.entries(CALLS))("%s", (method, call) => {
	test("does not accept a page with status 200 as an answer", async () => {
		const error = await errorOf(call(await answered(200, signIn, html)));
		expect(error).toBeInstanceOf(UnavailableError);
		expect(error).toMatchObject({ code: "unavailable", status: 200 });
		expect(error.message).toMatch(/answered 200 with text\/html/);
	});

	test.each([{}, [], null, { receipts: [{}] }, { ...receipt, id: 7 }])(
		"does not accept %j as an answer",
		async (content) => {
			const error = await errorOf(call(await answered(200, content)));
			expect(error).toBeInstanceOf(UnavailableError);
			expect(error.message).toContain("is not");
		},
	);

	test("does not accept a truncated answer", async () => {
		const { client } = await clientOf((_, response) => {
			response.writeHead(202, {
				"content-type": "application/json",
				"content-length": "100",
			});
			response.write('{"id":"e1",');
			response.socket?.end();
		});
		const error = await errorOf(call(client));
		expect(error).toBeInstanceOf(UnavailableError);
		expect(error.message).toMatch(/ended/);
	});

	test("does not follow a redirect, so that no other server gets the key", async () => {
		const seen = vi.fn();
		const { url } = await clientOf((request, response) => {
			seen(request.headers.authorization);
			response.writeHead(202).end(JSON.stringify(receipt));
		});
		for (const status of [301, 302, 303, 307, 308]) {
			const client = await answered(status, "", { location: `${url}/login` });
			const error = await errorOf(call(client));
			expect(error).toBeInstanceOf(RefusedError);
			expect(error).toMatchObject({ code: "invalid_request", status });
			expect(error.message).toContain(`${url}/login`);
		}
		expect(seen).not.toHaveBeenCalled();
	});

	test("does not wait for longer than 25 seconds", async () => {
		vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
		const client = createClient({
			url: "https://events.test",
			key: "k",
			fetch: () => new Promise(() => {}),
		});
		const failed = errorOf(call(client));
		await vi.advanceTimersByTimeAsync(24_999);
		expect(vi.getTimerCount()).toBe(1);
		await vi.advanceTimersByTimeAsync(1);
		const error = await failed;
		expect(error).toBeInstanceOf(UnavailableError);
		expect(error.message).toMatch(/25000 ms/);
		expect(vi.getTimerCount()).toBe(0);
	});

	test("has the classes, the status and Retry-After of errors of proxies", async () => {
		const cases = [
			[401, UnauthorizedError, "unauthorized"],
			[403, ForbiddenError, "forbidden"],
			[404, RefusedError, "invalid_request"],
			[408, UnavailableError, "unavailable"],
			[413, RefusedError, "invalid_request"],
			[429, UnavailableError, "unavailable"],
			[500, UnavailableError, "unavailable"],
			[502, UnavailableError, "unavailable"],
			[530, UnavailableError, "unavailable"],
		] as const;
		for (const [status, type, code] of cases) {
			const client = await answered(status, "<h1>no</h1>", {
				...html,
				"retry-after": "7",
			});
			const error = await errorOf(call(client));
			expect(error, String(status)).toBeInstanceOf(type);
			expect(error).toMatchObject({ code, status, retryAfterSeconds: 7 });
			expect(error.message).toContain(String(status));
		}
	});

	test("keeps the code and the text of an error of Tidings, also of a newer version", async () => {
		const problem = { code: "unknown_thing", detail: "why", index: 0 };
		const error = await errorOf(call(await answered(422, problem)));
		expect(error).toBeInstanceOf(RefusedError);
		expect(error).toMatchObject({
			code: "unknown_thing",
			message: "why",
			index: 0,
			status: 422,
		});
	});

	test("reports a server that cannot be reached", async () => {
		const { client } = await clientOf((request) => request.socket.destroy());
		const error = await errorOf(call(client));
		expect(error).toBeInstanceOf(UnavailableError);
		expect(error.cause).toBeInstanceOf(Error);
	});

	test("reports a fetch that throws, or returns no response", async () => {
		for (const fetch of [
			() => {
				throw new TypeError("no network");
			},
			async () => undefined as never,
		]) {
			const client = createClient({ url: "https://a.test", key: "k", fetch });
			expect(await errorOf(call(client)), method).toBeInstanceOf(
				UnavailableError,
			);
		}
	});
});

test("an answer of a newer version may have more members", async () => {
	const newer = { ...receipt, duplicate: true };
	const receipts = [newer];
	expect(await (await answered(202, newer)).publish("a.b", 1)).toMatchObject(
		receipt,
	);
	const client = await answered(202, { receipts, warnings: [] });
	expect(await client.publishBatch([{ name: "a.b", body: 1 }])).toMatchObject([
		receipt,
	]);
});

test("a batch needs as many receipts as it has events", async () => {
	const client = await answered(202, { receipts: [receipt] });
	const item = { name: "a.b", body: 1 };
	expect(await errorOf(client.publishBatch([item, item]))).toBeInstanceOf(
		UnavailableError,
	);
});

test("an event is cancelled only if the answer is 204, and gone only if Tidings says so", async () => {
	expect(await (await answered(204, "")).cancel("e1")).toBe(true);
	for (const content of [true, false]) {
		const error = await errorOf((await answered(200, content)).cancel("e1"));
		expect(error).toBeInstanceOf(UnavailableError);
	}
	const gone = await answered(404, { code: "not_found", detail: "none" });
	expect(await gone.cancel("e1")).toBe(false);
	expect(await gone.reschedule("e1", "1 day")).toBe(false);
});

test("a partial publish has its receipts, its status and Retry-After", async () => {
	const client = await answered(
		503,
		{ code: "partial_publish", receipts: [receipt, null] },
		{ "retry-after": new Date(Date.now() + 90_000).toUTCString() },
	);
	const item = { name: "a.b", body: 1 };
	const error = await errorOf(client.publishBatch([item, item]));
	expect(error).toBeInstanceOf(PartialPublishError);
	expect(error).toMatchObject({ failed: [1], status: 503 });
	expect(error.retryAfterSeconds).toBeGreaterThan(85);
	expect(error.retryAfterSeconds).toBeLessThanOrEqual(90);
});

test("a function for tags that throws is an error of the caller, not of the owner", async () => {
	const broken = event("order.paid", z.object({}), {
		tags: () => {
			throw new Error("no customer");
		},
	});
	const client = await answered(202, receipt);
	const error = await errorOf(client.publish(broken, {}));
	expect(error).toBeInstanceOf(RefusedError);
	expect(error.message).toContain('tags of "order.paid"');
	expect(error.message).toContain("no customer");
});

test.each([
	["https://events.test", "tid_a_b\n", /key/],
	["https://events.test", "tid a b", /key/],
	["https://events.test/?x=1", "k", /query/],
	["https://u:p@events.test", "k", /user/],
	["https://", "k", /url/],
])(
	"createClient rejects the url %j with the key %j at once",
	(url, key, says) => {
		expect(() => createClient({ url, key })).toThrow(says);
	},
);

describe.each(Object.entries(CALLS))("%s over a binding", (method, call) => {
	const bound = (answer: (...args: unknown[]) => unknown) =>
		createClient({ [method]: answer, publish: answer } as never);

	test("does not wait for longer than 25 seconds", async () => {
		vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
		const failed = errorOf(call(bound(() => new Promise(() => {}))));
		await vi.advanceTimersByTimeAsync(25_000);
		expect(await failed).toBeInstanceOf(UnavailableError);
		expect(vi.getTimerCount()).toBe(0);
	});

	test.each([undefined, null, "yes", {}, [{}]])(
		"does not accept %j as an answer",
		async (answer) => {
			const error = await errorOf(call(bound(async () => answer)));
			expect(error).toBeInstanceOf(UnavailableError);
			expect(error.message).toMatch(/is not an answer of Tidings/);
		},
	);

	test("has the platform's error as the cause of its own", async () => {
		const cause = new Error("Network connection lost.");
		const error = await errorOf(call(bound(() => Promise.reject(cause))));
		expect(error).toBeInstanceOf(UnavailableError);
		expect(error.message).toMatch(/Network connection lost/);
		expect(error.cause).toBe(cause);
	});
});
