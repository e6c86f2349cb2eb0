/** Webhooks: accepted and rejected calls, and the calls that reach the handler. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { boundSubscriptions } from "../../src/apps/subscriptions/bound-subscriptions.ts";
import { consume } from "../../src/consume/queue.ts";
import {
	createApp,
	hmacSignature,
	respondToSlack,
	slackSignature,
	stripeSignature,
	twilioSignature,
} from "../../src/dialects/apps.ts";
import { appPortsOf } from "../support/app-ports.ts";
import { incoming, read, record } from "../support/incoming.ts";
import { installKeys, keyed } from "./keys.ts";
import { bell, hookModule } from "./more-apps.ts";
import { down, recordingPorts } from "./ports.ts";
import { stopped, transitionsOf, wait } from "./support.ts";
import own, { events } from "./worker.ts";

const NAME = "@test/bell/rung";
const subscriptions = () => boundSubscriptions(NAME);
const owner = appPortsOf(events);

interface Handled {
	trigger: string;
	method: string;
	headers: Record<string, string>;
	query: Record<string, string>;
	rawQuery: string;
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

async function compressed(
	text: string,
	format: "gzip" | "deflate",
): Promise<Uint8Array<ArrayBuffer>> {
	const stream = new Blob([text]).stream();
	const packed = stream.pipeThrough(new CompressionStream(format));
	return new Uint8Array(await new Response(packed).arrayBuffer());
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
	delete hookModule.secretNames;
	vi.restoreAllMocks();
});

describe("a call of the webhook", () => {
	test("reaches the handler unchanged: method, headers, query and bytes", async () => {
		const response = await call(
			{
				method: "PUT",
				headers: { "X-Custom": "c", "Content-Type": "text/weird" },
				body: "a=1",
			},
			`${url}?topic=first&topic=a%20b&x=&it%27s=1`,
		);
		expect(response.status).toBe(202);
		const { id } = (await response.json()) as { id: string };
		const input = await handledOnce();
		expect(input).toMatchObject({
			trigger: "hook",
			method: "PUT",
			query: { topic: "a b", x: "", "it's": "1" },
			rawQuery: "topic=first&topic=a%20b&x=&it%27s=1",
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

	test.each(["GET", "HEAD", "OPTIONS", "PROPFIND"])(
		"with the method %s stores nothing, whether it is verified or not",
		async (method) => {
			for (const verify of [undefined, () => false, () => true]) {
				if (verify) hookModule.verify = verify;
				const response = await call({ method });
				expect(response.status).toBe(405);
				expect(response.headers.get("allow")).toBe("POST, PUT, PATCH, DELETE");
			}
			expect(handled).toEqual([]);
		},
	);

	test("that asks with OPTIONS, as CloudEvents do, gets the permission, and stores nothing", async () => {
		const headers = {
			"webhook-request-origin": "emitter.example",
			"webhook-request-rate": "120",
		};
		const response = await call({ method: "OPTIONS", headers });
		expect(response.status).toBe(200);
		expect(Object.fromEntries(response.headers)).toMatchObject({
			"webhook-allowed-origin": "emitter.example",
			"webhook-allowed-rate": "*",
			allow: "POST, PUT, PATCH, DELETE",
		});
		expect((await call({ method: "OPTIONS", headers }, `${url}A`)).status).toBe(
			404,
		);
		expect(handled).toEqual([]);
	});

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

	test.each(["gzip", "x-gzip", "GZIP", "deflate"])(
		"compressed as %s reaches verify and the handler decompressed",
		async (encoding) => {
			const text = JSON.stringify({ large: "x".repeat(200_000) });
			const verified: number[] = [];
			hookModule.verify = ({ bytes }) => verified.push(bytes.length) > 0;
			const format = /gzip/i.test(encoding) ? "gzip" : "deflate";
			const headers = { "content-encoding": encoding };
			const body = await compressed(text, format);
			expect((await call({ headers, body })).status).toBe(202);
			const input = await handledOnce();
			expect(new TextDecoder().decode(input.bytes)).toBe(text);
			expect(input.json).toEqual(JSON.parse(text));
			expect(input.headers).not.toHaveProperty("content-encoding");
			expect(verified).toEqual([text.length]);
		},
	);

	test("compressed is rejected over the size limit, in another encoding, and if it does not decompress", async () => {
		const encoded = async (encoding: string, body: BodyInit) => {
			const headers = { "content-encoding": encoding };
			const response = await call({ headers, body });
			const { code } = (await response.json()) as { code: string };
			return { status: response.status, code, headers: response.headers };
		};
		const bomb = await compressed("0".repeat(50_000_000), "gzip");
		expect(bomb.length).toBeLessThan(262_144);
		expect(await encoded("gzip", bomb)).toMatchObject({ status: 413 });
		for (const encoding of ["br", "zstd", "gzip, gzip", "compress"]) {
			const { status, code, headers } = await encoded(encoding, "x");
			expect([status, code]).toEqual([415, "unsupported_media_type"]);
			expect(headers.get("accept-encoding")).toBe("gzip, deflate");
		}
		for (const wrong of ["{}", "", bomb.slice(0, 100)])
			expect(await encoded("gzip", wrong)).toMatchObject({
				status: 400,
				code: "invalid_request",
			});
		expect(
			(await call({ headers: { "content-encoding": "identity" } })).status,
		).toBe(202);
	});

	test("at an unknown or closed URL is answered without reading its content", async () => {
		let isRead = false;
		const body = () =>
			new ReadableStream(
				{
					pull(controller) {
						isRead = true;
						controller.close();
					},
				},
				{ highWaterMark: 0 },
			);
		const send = (to?: string) => call({ body: body(), duplex: "half" }, to);
		expect((await send(`${url}A`)).status).toBe(404);
		await subscriptions().unsubscribe("@test/guest", []);
		await stopped(NAME);
		expect((await send()).status).toBe(410);
		expect(isRead).toBe(false);
	});

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

describe("a delivery to the handler", () => {
	test("uses up no attempt while the webhook's URL cannot be read, and runs the handler afterwards", async () => {
		const ports = recordingPorts({
			subscriptionsOf: () => ({ ...subscriptions(), webhookSecret: down }),
		});
		const body = { trigger: "poll" };
		const delivery = { handler: "@test/bell/rung/handler", attempt: 3 };
		const message = incoming(record(`${NAME}/trigger`, body, delivery));
		await consume([message], "retries", ports);
		expect(message.verdicts).toEqual(["ack"]);
		const [row] = ports.recorded.rows;
		expect(row).toMatchObject({
			waiting: { reason: "subscription_unreadable" },
		});
		const parked = row?.record ?? "";
		expect(read(parked).delivery).toMatchObject({ attempt: 3 });
		const urls: string[] = [];
		bell.set("handler", async (_, tidings) => {
			urls.push(tidings.webhookUrl);
		});
		await consume([incoming(parked)], "retries", recordingPorts());
		expect(urls).toEqual([url]);
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
		const base64 = "eyJuIjoxfQ==";
		for (const body of [
			{ filter: [], payload: {} },
			{ trigger: "hook", method: "POST", base64 },
			{ trigger: "hook", method: "POST", headers: {}, query: {}, base64: "é" },
			{ trigger: "mail", from: "a", headers: {}, base64 },
			{ trigger: "other" },
			null,
		]) {
			const edited = await keyed("POST", `${path}/replay`, { body });
			expect(edited.status).toBe(422);
			expect(await edited.json()).toMatchObject({ code: "invalid_body" });
		}
		isMended = true;
		expect((await keyed("POST", `${path}/replay`)).status).toBe(202);
		const input = await handledOnce();
		expect(isSame(input.bytes, bytes)).toBe(true);
	});
});

describe("the sender's id of a delivery", () => {
	const ID_HEADERS = [
		"webhook-id",
		"svix-id",
		"x-github-delivery",
		"x-shopify-webhook-id",
		"idempotency-key",
	];
	test.each(ID_HEADERS)(
		"in %s makes a second delivery the same event, if nothing is verified",
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

	test("comes from what the sender signs: other headers do not make a signed call a new event", async () => {
		const secret = "whsec_stripe";
		hookModule.verify = stripeSignature({ secret });
		const send = async (id: string, more: Record<string, string>) => {
			const body = JSON.stringify({ id });
			const seconds = Math.floor(Date.now() / 1_000);
			const signed = new TextEncoder().encode(`${seconds}.${body}`);
			const headers = {
				"stripe-signature": `t=${seconds},v1=${await hmac(secret, signed)}`,
				...more,
			};
			const response = await call({ headers, body });
			expect(response.status).toBe(202);
			return ((await response.json()) as { id: string }).id;
		};
		const first = await send("evt_1", {});
		for (const name of ID_HEADERS)
			expect(await send("evt_1", { [name]: "another" })).toBe(first);
		expect(await send("evt_2", { "webhook-id": "another" })).not.toBe(first);
		await vi.waitFor(() => expect(handled).toHaveLength(2), wait);
	});

	test("is what verify returns, of any length, and no header counts if verify returns true", async () => {
		const send = async (body: string) => {
			const headers = { "webhook-id": "same" };
			const response = await call({ headers, body });
			return ((await response.json()) as { id: string }).id;
		};
		hookModule.verify = ({ bytes }) => ({
			deliveryId: new TextDecoder().decode(bytes),
		});
		const long = "i".repeat(10_000);
		const first = await send(long);
		expect(await send(long)).toBe(first);
		expect(await send(`${long}i`)).not.toBe(first);
		expect(await send("")).not.toBe(await send(""));
		hookModule.verify = () => true;
		expect(await send("1")).not.toBe(await send("1"));
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

	test.each(["verify", "respond"] as const)(
		"whose %s throws stores nothing, and the sender gets an error to retry that does not contain the text",
		async (part) => {
			const logged = vi.spyOn(console, "error").mockImplementation(() => {});
			// An error with a code of Tidings is an error of the app all the same.
			for (const code of [undefined, "invalid_request", "unknown_app"]) {
				hookModule[part] = () => {
					throw Object.assign(new Error("the variable is not set"), { code });
				};
				const response = await call();
				expect(response.status).toBe(500);
				const problem = await response.text();
				expect(problem).not.toContain("variable");
				expect(JSON.parse(problem).code).toBe("webhook_failed");
				expect(logged.mock.lastCall?.[0]).toContain("the variable is not set");
			}
			expect(handled).toEqual([]);
		},
	);

	test("does not parse the content of a request that it does not accept", async () => {
		const parsed = vi.spyOn(JSON, "parse");
		const responded: unknown[] = [];
		hookModule.respond = ({ json }) => void responded.push(json);
		const body = '{"a":"forged"}';
		for (const verify of [
			() => false,
			stripeSignature({ secret: "s" }),
			slackSignature({ secret: "s" }),
			hmacSignature({
				header: "x-signature",
				secret: "s",
				deliveryId: ({ json }) => json.id,
			}),
		]) {
			hookModule.verify = verify;
			const headers = {
				"stripe-signature": `t=${Math.floor(Date.now() / 1_000)},v1=00`,
				"x-slack-request-timestamp": `${Math.floor(Date.now() / 1_000)}`,
				"x-slack-signature": "v0=00",
				"x-signature": "00",
			};
			expect((await call({ headers, body })).status).toBe(401);
		}
		expect(responded).toEqual([undefined, undefined, undefined, undefined]);
		expect(parsed.mock.calls.filter(([text]) => text === body)).toEqual([]);
	});

	test("gets the URL that was called, its query as sent, and the public URL", async () => {
		const seen: unknown[] = [];
		hookModule.verify = (request) => seen.push(request) > 0;
		const query = "a=1&a=2&b=%41+%27'";
		const to = url.replace("https://events.example", "http://localhost:8787");
		expect((await call({}, `${to}?${query}`)).status).toBe(202);
		const rawQuery = new Request(`${to}?${query}`).url.split("?")[1];
		expect(seen).toMatchObject([
			{ url: `${to}?${rawQuery}`, webhookUrl: url, rawQuery },
		]);
		const input = await handledOnce();
		expect(input).not.toHaveProperty("url");
		expect(input).not.toHaveProperty("webhookUrl");
		expect(input.rawQuery).toBe(rawQuery);
	});

	test("accepts a request of Twilio, which signs the URL and a form", async () => {
		hookModule.verify = twilioSignature({ secret: "12345" });
		const to = `${url}?a=1&a=2`;
		const key = await crypto.subtle.importKey(
			"raw",
			new TextEncoder().encode("12345"),
			{ name: "HMAC", hash: "SHA-1" },
			false,
			["sign"],
		);
		const signed = new TextEncoder().encode(`${to}Bodyhi thereFrom+1`);
		const mac = new Uint8Array(await crypto.subtle.sign("HMAC", key, signed));
		const headers = {
			"content-type": "application/x-www-form-urlencoded; charset=UTF-8",
			"x-twilio-signature": btoa(String.fromCharCode(...mac)),
		};
		const body = "From=%2B1&Body=hi+there";
		expect((await call({ headers, body }, url)).status).toBe(401);
		expect((await call({ headers, body }, to)).status).toBe(202);
		await handledOnce();
	});

	test("that does not end is answered with 503 after five seconds", async () => {
		const began = Promise.withResolvers<void>();
		hookModule.verify = () => {
			began.resolve();
			return new Promise(() => {});
		};
		vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
		try {
			const response = call();
			await began.promise;
			await vi.advanceTimersByTimeAsync(5_000);
			expect((await response).status).toBe(503);
		} finally {
			vi.useRealTimers();
		}
	});

	test.each([false, 0, "", null, undefined, 1, "no", {}])(
		"that returns %j rejects the request",
		async (answer) => {
			hookModule.verify = () => answer as boolean;
			expect((await call()).status).toBe(401);
		},
	);
});

describe("the secrets of a call", () => {
	const SECRET_HEADERS = [
		"authorization",
		"proxy-authorization",
		"cookie",
		"x-api-key",
		"x-hub-signature-256",
		"stripe-signature",
		"webhook-signature",
		"x-shopify-hmac-sha256",
		"x-gitlab-token",
		"x-hook-secret",
		"x-goog-channel-token",
		"x-telegram-bot-api-secret-token",
		"cf-access-jwt-assertion",
		"paypal-transmission-sig",
		"x-auth-key",
		"authentication",
		"ok-access-passphrase",
	];
	const SECRET_PARAMETERS = [
		"token",
		"access_token",
		"apiKey",
		"api_key",
		"key",
		"sig",
		"pwd",
		"client_secret",
		"hub.verify_token",
		"X-Amz-Signature",
		"Auth%54oken",
	];
	const secretsOf = (names: string[]) =>
		Object.fromEntries(names.map((name) => [name, "sesame"]));

	test("reach verify, and neither the handler nor a dead letter", async () => {
		const verified: unknown[] = [];
		hookModule.verify = ({ headers, query }) =>
			verified.push(headers, query) > 0;
		bell.set("handler", (input) => {
			handled.push(input);
			throw Object.assign(new Error("never"), { tidings: "non_retryable" });
		});
		const headers = {
			...secretsOf(SECRET_HEADERS),
			"x-event-key": "repo:push",
			"x-author": "ada",
			"idempotency-key": "i1",
			referer: url,
		};
		const pairs = SECRET_PARAMETERS.map((name) => `${name}=sesame`).join("&");
		const to = `${url}?a=1&${pairs}&a=%32&monkey=m`;
		const response = await call({ headers, body: "{}" }, to);
		const { id } = (await response.json()) as { id: string };
		const input = await handledOnce();
		expect(verified).toMatchObject([headers, { token: "sesame" }]);
		expect(input.headers).toMatchObject({
			"x-event-key": "repo:push",
			"x-author": "ada",
			"idempotency-key": "i1",
		});
		expect(input.query).toEqual({ a: "2", monkey: "m" });
		expect(input.rawQuery).toBe("a=1&a=%32&monkey=m");
		expect(JSON.stringify(input)).not.toContain("sesame");
		await installKeys();
		const path = `/v1/dead-letters/${encodeURIComponent(`${id}:@test/bell/rung/handler`)}`;
		const stored = await vi.waitFor(async () => {
			const letter = await keyed("GET", path);
			expect(letter.status).toBe(200);
			return letter.text();
		}, wait);
		expect(stored).toContain("repo:push");
		expect(stored).not.toContain("sesame");
		expect(stored).not.toContain(url.split("/").at(-1));
	});

	test("also have the names that the app lists, in any case", async () => {
		hookModule.secretNames = ["X-Partner-Code", "door"];
		const headers = { "x-partner-code": "sesame", "x-partner": "p" };
		await call({ headers }, `${url}?Door=sesame&doors=2`);
		const input = await handledOnce();
		expect(input.headers).toMatchObject({ "x-partner": "p" });
		expect(input.rawQuery).toBe("doors=2");
		expect(JSON.stringify(input)).not.toContain("sesame");
	});

	test("have names: createApp rejects another list", () => {
		const part = { default: () => {} };
		for (const secretNames of ["x-code", [5], {}])
			expect(() =>
				createApp("@test/names", {
					events: {
						rung: {
							description: "Rings",
							capabilities: [],
							tokens: {},
							payload: {},
						},
					},
					handlers: {
						rung: {
							start: part,
							handler: { ...part, secretNames: secretNames as never },
							stop: part,
						},
					},
				}),
			).toThrow(/rung\/handler\.ts: secretNames: .* is not a list of names/);
	});
});

describe("a module with respond", () => {
	test("answers a handshake that is not verified, and stores nothing", async () => {
		hookModule.verify = () => {
			throw new Error("the secret is not set yet");
		};
		hookModule.respond = ({ headers }) =>
			headers["x-hook-secret"] === undefined
				? undefined
				: new Response(null, {
						headers: { "X-Hook-Secret": headers["x-hook-secret"] },
					});
		const response = await call({ headers: { "x-hook-secret": "given" } });
		expect(response.status).toBe(200);
		expect(response.headers.get("x-hook-secret")).toBe("given");
		expect((await call()).status).toBe(500);
		expect(handled).toEqual([]);
	});

	test("answers Slack's challenge only if Slack signed it", async () => {
		const secret = "8f742231b10e8888abcd99yyyzzz85a5";
		hookModule.verify = slackSignature({ secret });
		hookModule.respond = respondToSlack;
		const body = '{"type":"url_verification","challenge":"c1"}';
		const seconds = Math.floor(Date.now() / 1_000);
		const signed = new TextEncoder().encode(`v0:${seconds}:${body}`);
		const headers = {
			"x-slack-request-timestamp": `${seconds}`,
			"x-slack-signature": `v0=${await hmac(secret, signed)}`,
		};
		const response = await call({ headers, body });
		expect([response.status, await response.text()]).toEqual([200, "c1"]);
		expect((await call({ body })).status).toBe(401);
		expect(handled).toEqual([]);
	});

	test("gets the parsed body of a request without verify", async () => {
		hookModule.respond = ({ json }) =>
			json?.type === "ping" ? Response.json({ type: "pong" }) : undefined;
		const response = await call({ body: '{"type":"ping"}' });
		expect(await response.json()).toEqual({ type: "pong" });
		expect((await call({ body: "{" })).status).toBe(202);
	});

	test.each([
		["text/html", "text/plain; charset=utf-8"],
		["image/svg+xml", "text/plain; charset=utf-8"],
		["text/javascript", "text/plain; charset=utf-8"],
		["application/xhtml+xml", "text/plain; charset=utf-8"],
		["application/scim+json", "application/scim+json"],
		["text/xml; charset=utf-8", "text/xml; charset=utf-8"],
	])(
		"cannot act for the owner's origin: its answer of type %s has no cookie, script or redirect",
		async (type, sent) => {
			hookModule.respond = () =>
				new Response("<script>alert(1)</script>", {
					status: 207,
					headers: {
						"content-type": type,
						"set-cookie": "session=forged",
						"clear-site-data": '"*"',
						location: "https://evil.example",
						refresh: "0; url=https://evil.example",
						link: "</x.js>; rel=preload",
						"access-control-allow-origin": "*",
						"service-worker-allowed": "/",
						"content-security-policy": "default-src *",
						"x-content-type-options": "none",
						"x-from": "app",
					},
				});
			const response = await call();
			expect(response.status).toBe(207);
			expect(Object.fromEntries(response.headers)).toEqual({
				"content-type": sent,
				"content-security-policy": "default-src 'none'; sandbox",
				"x-content-type-options": "nosniff",
				"x-from": "app",
			});
			expect(await response.text()).toBe("<script>alert(1)</script>");
		},
	);

	test("may answer without content, and an answer that is no response is an error of the app", async () => {
		hookModule.respond = () => new Response(null, { status: 204 });
		expect((await call()).status).toBe(204);
		hookModule.respond = () => "pong" as never;
		expect((await call()).status).toBe(500);
		hookModule.respond = () => null as never;
		expect((await call()).status).toBe(202);
	});

	test("answers a handshake that verify rejects, and stores nothing", async () => {
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
