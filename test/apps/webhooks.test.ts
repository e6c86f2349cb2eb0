/** Webhooks: accepted and rejected calls, and the calls that reach the handler. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { boundSubscriptions } from "../../src/apps/subscriptions/bound-subscriptions.ts";
import { hmacSignature } from "../../src/dialects/apps.ts";
import { portsOf } from "../../src/registration.ts";
import { installKeys, keyed } from "./keys.ts";
import { bell, hookModule } from "./more-apps.ts";
import { stopped, transitionsOf, wait } from "./support.ts";
import own, { events } from "./worker.ts";

const NAME = "@test/bell/rung";
const subscriptions = () => boundSubscriptions(NAME);
const owner = portsOf(events);

interface Handled {
	trigger: string;
	method: string;
	headers: Record<string, string>;
	query: Record<string, string>;
	bytes: Uint8Array;
	json?: unknown;
}
let handled: Handled[] = [];
let url = "";

async function call(
	init: RequestInit & { duplex?: "half" } = {},
	to = url,
): Promise<Response> {
	const request = new Request(to, { method: "POST", ...init });
	return own.fetch(request as never, {} as never, {} as never);
}

async function handledOnce(): Promise<Handled> {
	await vi.waitFor(() => expect(handled).toHaveLength(1), wait);
	return handled[0] as Handled;
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
	return (
		one.length === other.length &&
		one.every((byte, index) => byte === other[index])
	);
}

/** As hexadecimal digits, by SHA-256. */
async function hmac(secret: string, bytes: Uint8Array): Promise<string> {
	const key = await crypto.subtle.importKey(
		"raw",
		new TextEncoder().encode(secret),
		{ name: "HMAC", hash: "SHA-256" },
		false,
		["sign"],
	);
	const signed = new Uint8Array(await crypto.subtle.sign("HMAC", key, bytes));
	return [...signed].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

beforeEach(async () => {
	handled = [];
	bell.set("handler", (input) => void handled.push(input));
	await subscriptions().subscribe({ app: "@test/guest", tool: "act", key: [] });
	url = owner.webhookUrl(NAME, await subscriptions().webhookSecret());
});
afterEach(async () => {
	await subscriptions().unsubscribe("@test/guest", []);
	await stopped(NAME);
	bell.clear();
	delete hookModule.verify;
	delete hookModule.respond;
});

describe("a call of the webhook", () => {
	test("reaches the handler unchanged: method, headers, query and bytes", async () => {
		const response = await call(
			{
				method: "PUT",
				headers: { "X-Custom": "c", "Content-Type": "text/weird" },
				body: "a=1",
			},
			`${url}?topic=a%20b&x=`,
		);
		expect(response.status).toBe(202);
		const { id } = (await response.json()) as { id: string };
		const input = await handledOnce();
		expect(input).toMatchObject({
			trigger: "hook",
			method: "PUT",
			query: { topic: "a b", x: "" },
			headers: { "content-type": "text/weird" },
		});
		expect(new TextDecoder().decode(input.bytes)).toBe("a=1");
		expect(input).not.toHaveProperty("json");
		await vi.waitFor(
			() =>
				expect(transitionsOf(id)).toEqual([
					"published",
					"delivered @test/bell/rung/handler 1",
				]),
			wait,
		);
	});

	const EVERY_BYTE = Uint8Array.from({ length: 256 }, (_, index) => index);
	test.each([
		["nothing", new Uint8Array()],
		["every byte there is", EVERY_BYTE],
		["no UTF-8", Uint8Array.of(0xff, 0xfe, 0x00, 0xc3, 0x28)],
		[
			"a JSON text with a byte order mark",
			Uint8Array.of(0xef, 0xbb, 0xbf, 0x31),
		],
		["8 191 bytes", new Uint8Array(8_191).fill(0x80)],
		["8 193 bytes", new Uint8Array(8_193).fill(0xff)],
		["262 143 bytes", new Uint8Array(262_143).fill(0xfe)],
		["262 144 bytes", new Uint8Array(262_144).fill(0xfd)],
	])("with %s reaches the handler byte for byte", async (_, bytes) => {
		const response = await call({ body: bytes });
		expect(response.status).toBe(202);
		const input = await handledOnce();
		expect(input.bytes).toBeInstanceOf(Uint8Array);
		expect(isSame(input.bytes, bytes)).toBe(true);
	});

	test.each([
		["application/x-www-form-urlencoded"],
		["multipart/form-data; boundary=x"],
		["application/cloudevents+json"],
		["text/plain; charset=utf-16"],
		["no type at all"],
		[undefined],
	])("with the content type %s is accepted", async (type) => {
		const headers: HeadersInit = type ? { "content-type": type } : {};
		expect((await call({ headers, body: "{}" })).status).toBe(202);
		expect((await handledOnce()).json).toEqual({});
	});

	test.each(["GET", "HEAD"])(
		"with the method %s stores nothing",
		async (method) => {
			const response = await call({ method });
			expect(response.status).toBe(405);
			expect(response.headers.get("allow")).toBe("POST");
			expect(handled).toEqual([]);
		},
	);

	test.each(["PUT", "PATCH", "DELETE"])(
		"may have the method %s",
		async (method) => {
			expect((await call({ method })).status).toBe(202);
			expect((await handledOnce()).method).toBe(method);
		},
	);

	test.each([
		["262 145 bytes", new Uint8Array(262_145)],
		["a megabyte", new Uint8Array(1_048_576)],
	])(
		"with %s is rejected with 413, with and without a content length",
		async (_, bytes) => {
			expect((await call({ body: bytes })).status).toBe(413);
			const stream = new Response(bytes).body as ReadableStream;
			const streamed = await call({ body: stream, duplex: "half" });
			expect(streamed.status).toBe(413);
			expect(await streamed.json()).toMatchObject({
				code: "content_too_large",
			});
			expect(handled).toEqual([]);
		},
	);

	test("with the largest content and headers of 32 KB is accepted", async () => {
		const headers = { "x-large": "h".repeat(32_000) };
		const body = new Uint8Array(262_144);
		expect((await call({ headers, body })).status).toBe(202);
		expect((await handledOnce()).headers["x-large"]).toHaveLength(32_000);
	});

	test.each([
		[
			"another secret",
			() => url.replace(/.$/, (last) => (last === "A" ? "B" : "A")),
		],
		["a secret too short", () => url.slice(0, -1)],
		["a secret too long", () => `${url}A`],
		["another event of the app", () => url.replace("/rung/", "/rang/")],
		[
			"another app's event",
			() => url.replace("@test/bell/rung", "@test/lab/ticked"),
		],
		["no app's", () => url.replace("@test/bell", "@no/app")],
		[
			"an event that an object inherits",
			() => url.replace("/rung/", "/constructor/"),
		],
	])(
		"at the URL of %s is answered with 404, which reveals nothing",
		async (_, to) => {
			const response = await call({ body: "{}" }, to());
			expect(response.status).toBe(404);
			expect(await response.json()).toMatchObject({
				code: "not_found",
				detail: "there is no such webhook",
			});
		},
	);

	test("to a closed webhook, whose event has no subscribers, is answered with 410", async () => {
		await subscriptions().unsubscribe("@test/guest", []);
		await stopped(NAME);
		const response = await call({ body: "{}" });
		expect(response.status).toBe(410);
		expect(await response.json()).toMatchObject({ code: "gone" });
	});

	test("during stop is still accepted", async () => {
		const stopping = Promise.withResolvers<void>();
		const answered = Promise.withResolvers<number>();
		bell.set("stop", async () => {
			answered.resolve((await call({ body: "1" })).status);
			await stopping.promise;
		});
		await subscriptions().unsubscribe("@test/guest", []);
		expect(await answered.promise).toBe(202);
		stopping.resolve();
	});
});

describe("a handler that fails", () => {
	test("is retried with the same bytes", async () => {
		const bytes = Uint8Array.of(0xff, 0x00, 0x80);
		bell.set("handler", (input) => {
			handled.push(input);
			if (handled.length === 1)
				throw Object.assign(new Error("later"), {
					tidings: "retry_after",
					retryAt: Date.now() + 1_000,
				});
		});
		await call({ body: bytes });
		await vi.waitFor(() => expect(handled).toHaveLength(2), wait);
		for (const { bytes: got } of handled) expect([...got]).toEqual([...bytes]);
	});

	test("permanently leaves one dead letter, whose replay runs it with the same request", async () => {
		const bytes = new Uint8Array(262_144).fill(0xab);
		let isMended = false;
		bell.set("handler", (input) => {
			if (isMended) return void handled.push(input);
			throw Object.assign(new Error("never"), { tidings: "non_retryable" });
		});
		const { id } = (await (await call({ body: bytes })).json()) as {
			id: string;
		};
		await installKeys();
		const letter = `${id}:@test/bell/rung/handler`;
		const path = `/v1/dead-letters/${encodeURIComponent(letter)}`;
		await vi.waitFor(async () => {
			expect((await keyed("GET", path)).status).toBe(200);
		}, wait);
		// A reader of dead letters must not learn the URL.
		const secret = url.split("/").at(-1);
		expect(await (await keyed("GET", path)).text()).not.toContain(secret);
		isMended = true;
		expect((await keyed("POST", `${path}/replay`)).status).toBe(202);
		const input = await handledOnce();
		expect(isSame(input.bytes, bytes)).toBe(true);
	});
});

describe("the sender's id of a delivery", () => {
	const ID_HEADERS = ["webhook-id", "x-github-delivery", "idempotency-key"];
	test.each(ID_HEADERS)(
		"in %s makes a second delivery the same event",
		async (name) => {
			const send = async (value: string) => {
				const response = await call({ headers: { [name]: value }, body: "1" });
				expect(response.status).toBe(202);
				return ((await response.json()) as { id: string }).id;
			};
			const first = await send(`${name}-1`);
			expect(await send(`${name}-1`)).toBe(first);
			expect(await send(`${name}-2`)).not.toBe(first);
			await vi.waitFor(() => expect(handled).toHaveLength(2), wait);
		},
	);

	test("is known for exactly 24 hours", async () => {
		const headers = { "webhook-id": "daily" };
		const send = async () =>
			((await (await call({ headers })).json()) as { id: string }).id;
		vi.useFakeTimers({ toFake: ["Date"] });
		try {
			const first = await send();
			vi.setSystemTime(Date.now() + 86_399_000);
			expect(await send()).toBe(first);
			vi.setSystemTime(Date.now() + 2_000);
			expect(await send()).not.toBe(first);
		} finally {
			vi.useRealTimers();
		}
	});

	test("makes each call an event of its own if the header has no id", async () => {
		const ids = await Promise.all(
			[1, 2].map(
				async () =>
					(await (await call({ body: "1" })).json()) as { id: string },
			),
		);
		expect(ids[0]?.id).not.toBe(ids[1]?.id);
	});

	test("does not affect another event's delivery with the same id", async () => {
		const lab = boundSubscriptions("@test/lab/ticked");
		await lab.subscribe({ app: "@test/guest", tool: "act", key: [] });
		const other = owner.webhookUrl(
			"@test/lab/ticked",
			await lab.webhookSecret(),
		);
		const headers = { "webhook-id": "shared" };
		const [one, two] = [
			await call({ headers }),
			await call({ headers }, other),
		];
		expect(((await one.json()) as { id: string }).id).not.toBe(
			((await two.json()) as { id: string }).id,
		);
		await lab.unsubscribe("@test/guest", []);
		await stopped("@test/lab/ticked");
	});
});

describe("a module with verify", () => {
	test("rejects a request that is not genuine with 401, and stores nothing", async () => {
		const secret = "the secret of the sender";
		hookModule.verify = hmacSignature({ header: "X-Signature", secret });
		const body = Uint8Array.of(0xff, 0x01);
		const good = await hmac(secret, body);
		expect((await call({ body })).status).toBe(401);
		const wrong = {
			"x-signature": good.replace(/^./, good.startsWith("0") ? "1" : "0"),
		};
		expect((await call({ body, headers: wrong })).status).toBe(401);
		const right = { "x-signature": good };
		expect((await call({ body, headers: right })).status).toBe(202);
		await handledOnce();
	});

	test("prevents a forged call from using the id of a genuine one", async () => {
		hookModule.verify = ({ headers }) => headers["x-token"] === "right";
		const headers = { "webhook-id": "mine" };
		expect((await call({ headers })).status).toBe(401);
		const genuine = { ...headers, "x-token": "right" };
		expect((await call({ headers: genuine, body: "1" })).status).toBe(202);
		expect((await handledOnce()).json).toBe(1);
	});

	test("that throws stores nothing, and the sender gets an error to retry", async () => {
		hookModule.verify = () => {
			throw new Error("the variable of the secret is not set");
		};
		const response = await call();
		expect(response.status).toBe(500);
		expect(await response.text()).not.toContain("variable");
		expect(handled).toEqual([]);
	});

	test.each([false, 0, "", null, undefined, 1, "no", {}])(
		"that returns %j rejects the request",
		async (answer) => {
			hookModule.verify = () => answer as boolean;
			expect((await call()).status).toBe(401);
		},
	);
});

describe("a module with respond", () => {
	test("answers a handshake before verify, and stores nothing", async () => {
		hookModule.verify = () => false;
		hookModule.respond = ({ query }) =>
			query.challenge === undefined
				? undefined
				: new Response(query.challenge, { status: 200 });
		const response = await call({ method: "GET" }, `${url}?challenge=c1`);
		expect([response.status, await response.text()]).toEqual([200, "c1"]);
		expect((await call({ body: "{}" })).status).toBe(401);
		expect(handled).toEqual([]);
	});

	test("is called only if the URL is known and open", async () => {
		hookModule.respond = () => new Response("here");
		expect((await call({}, `${url}A`)).status).toBe(404);
		await subscriptions().unsubscribe("@test/guest", []);
		await stopped(NAME);
		expect((await call()).status).toBe(410);
	});
});

describe("the webhook's URL", () => {
	const path = "/v1/apps/@test/bell/events/rung/webhook";

	test("is read and rotated with the scope admin, and the earlier URL is unknown at once", async () => {
		await installKeys();
		expect(await (await keyed("GET", path)).json()).toEqual({ url });
		const rotated = (await (await keyed("POST", path)).json()) as {
			url: string;
		};
		expect(rotated.url).not.toBe(url);
		expect((await call()).status).toBe(404);
		expect((await call({}, rotated.url)).status).toBe(202);
		expect(await (await keyed("GET", path)).json()).toEqual(rotated);
	});

	test("has 256 random bits, and works with its @ encoded", async () => {
		expect(url).toMatch(/\/[A-Za-z0-9_-]{43}$/);
		expect((await call({}, url.replace("/@", "/%40"))).status).toBe(202);
	});

	test("has no other path", async () => {
		for (const to of [
			url.replace("/hooks/", "/v1/hooks/"),
			`${url}/`,
			`${url}/more`,
			url.replace("/rung/", "//"),
		])
			expect([401, 404]).toContain((await call({}, to)).status);
	});
});
