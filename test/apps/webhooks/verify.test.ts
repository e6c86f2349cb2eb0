import fc from "fast-check";
import { Webhook } from "standardwebhooks";
import { describe, expect, test } from "vitest";
import type { HookRequest } from "../../../src/apps/webhooks/trigger.ts";
import type { Verify } from "../../../src/apps/webhooks/webhook-module.ts";
import {
	githubSignature,
	hmacSignature,
	respondToSlack,
	shopifySignature,
	slackSignature,
	standardWebhooks,
	stripeSignature,
	svixSignature,
	twilioSignature,
} from "../../../src/dialects/apps.ts";

const SECONDS = 1_700_000_000;
const NOW = SECONDS * 1_000;
const encoder = new TextEncoder();

function requestOf(
	headers: Record<string, string>,
	body: string | Uint8Array,
): HookRequest {
	const bytes = typeof body === "string" ? encoder.encode(body) : body;
	const webhookUrl = "https://events.example/hooks/@a/b/c/secret";
	const query = { query: {}, rawQuery: "" };
	return {
		method: "POST",
		url: webhookUrl,
		webhookUrl,
		headers,
		...query,
		bytes,
	};
}

async function verified(
	verify: Verify,
	request: HookRequest,
	{ env = {}, now = NOW } = {},
): Promise<boolean> {
	return (await verdictOf(verify, request, { env, now })) !== false;
}

async function verdictOf(
	verify: Verify,
	request: HookRequest,
	{ env = {}, now = NOW } = {},
) {
	return verify(request, { env: env as Cloudflare.Env, now });
}

/** The id of a genuine request. */
async function idOf(
	verify: Verify,
	request: HookRequest,
): Promise<string | undefined> {
	const verdict = await verdictOf(verify, request);
	if (typeof verdict === "object") return verdict.deliveryId;
	throw new Error(`the request is not accepted: ${verdict}`);
}

async function macOf(
	secret: string | Uint8Array,
	signed: string,
	encoding: "hex" | "base64",
	hash = "SHA-256",
): Promise<string> {
	const algorithm = { name: "HMAC", hash };
	const key = await crypto.subtle.importKey(
		"raw",
		typeof secret === "string" ? encoder.encode(secret) : secret,
		algorithm,
		false,
		["sign"],
	);
	const mac = await crypto.subtle.sign("HMAC", key, encoder.encode(signed));
	const bytes = [...new Uint8Array(mac)];
	return encoding === "base64"
		? btoa(String.fromCharCode(...bytes))
		: bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

type Sender = [
	name: string,
	verify: Verify,
	signed: (body: string, seconds?: number | string) => Promise<HookRequest>,
];

const WHSEC = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const WHSEC_BYTES = Uint8Array.from(atob(WHSEC.slice(6)), (character) =>
	character.charCodeAt(0),
);

/** Each preset, and a request that its sender would make. */
const SENDERS: Sender[] = [
	[
		"Standard Webhooks",
		standardWebhooks({ secret: WHSEC }),
		async (body, seconds = SECONDS) =>
			requestOf(
				{
					"webhook-id": "msg_1",
					"webhook-timestamp": `${seconds}`,
					"webhook-signature": `v1,${await macOf(WHSEC_BYTES, `msg_1.${seconds}.${body}`, "base64")}`,
				},
				body,
			),
	],
	[
		"GitHub",
		githubSignature({ secret: "It's a Secret to Everybody" }),
		async (body) =>
			requestOf(
				{
					"x-hub-signature-256": `sha256=${await macOf("It's a Secret to Everybody", body, "hex")}`,
				},
				body,
			),
	],
	[
		"Stripe",
		stripeSignature({ secret: "whsec_test_secret" }),
		async (body, seconds = SECONDS) =>
			requestOf(
				{
					"stripe-signature": `t=${seconds},v1=${await macOf("whsec_test_secret", `${seconds}.${body}`, "hex")}`,
				},
				body,
			),
	],
	[
		"Svix",
		svixSignature({ secret: WHSEC }),
		async (body, seconds = SECONDS) =>
			requestOf(
				{
					"svix-id": "msg_1",
					"svix-timestamp": `${seconds}`,
					"svix-signature": `v1,${await macOf(WHSEC_BYTES, `msg_1.${seconds}.${body}`, "base64")}`,
				},
				body,
			),
	],
	[
		"Slack",
		slackSignature({ secret: "8f742231b10e8888abcd99yyyzzz85a5" }),
		async (body, seconds = SECONDS) =>
			requestOf(
				{
					"x-slack-request-timestamp": `${seconds}`,
					"x-slack-signature": `v0=${await macOf("8f742231b10e8888abcd99yyyzzz85a5", `v0:${seconds}:${body}`, "hex")}`,
				},
				body,
			),
	],
	[
		"Shopify",
		shopifySignature({ secret: "hush" }),
		async (body) =>
			requestOf(
				{ "x-shopify-hmac-sha256": await macOf("hush", body, "base64") },
				body,
			),
	],
	[
		"a sender of its own",
		hmacSignature({
			header: "X-Signature",
			prefix: "v0=",
			encoding: "base64",
			secret: "shh",
		}),
		async (body) =>
			requestOf(
				{ "x-signature": `v0=${await macOf("shh", body, "base64")}` },
				body,
			),
	],
];

describe.each(SENDERS)("a request from %s", (_, verify, signed) => {
	test("is accepted unchanged, with any body", async () => {
		await fc.assert(
			fc.asyncProperty(fc.string({ unit: "binary" }), async (text) => {
				const body = text.toWellFormed();
				expect(await verified(verify, await signed(body))).toBe(true);
			}),
		);
	});

	test("is rejected with any bit of its body changed", async () => {
		await fc.assert(
			fc.asyncProperty(
				fc.string({ minLength: 1 }),
				fc.nat(),
				async (body, at) => {
					const request = await signed(body);
					const bit = at % (request.bytes.length * 8);
					const byte = Math.floor(bit / 8);
					request.bytes[byte] =
						(request.bytes[byte] as number) ^ (1 << (bit % 8));
					expect(await verified(verify, request)).toBe(false);
				},
			),
		);
	});

	test("is rejected with any character of its headers changed: the whole signature is compared, and the time is signed", async () => {
		const { headers } = await signed("{}");
		for (const [name, value] of Object.entries(headers))
			for (let at = 0; at < value.length; at++) {
				const other = value[at] === "1" ? "2" : "1";
				const changed = value.slice(0, at) + other + value.slice(at + 1);
				const request = requestOf({ ...headers, [name]: changed }, "{}");
				expect(await verified(verify, request), changed).toBe(false);
			}
	});

	test("is rejected with a missing, empty or shortened header", async () => {
		const { headers } = await signed("{}");
		for (const [name, value] of Object.entries(headers)) {
			const { [name]: _, ...others } = headers;
			expect(await verified(verify, requestOf(others, "{}"))).toBe(false);
			for (const cut of ["", value.slice(0, -1), `${value}0`, `${value}é`]) {
				const request = requestOf({ ...headers, [name]: cut }, "{}");
				expect(await verified(verify, request), cut).toBe(false);
			}
		}
	});
});

describe.each(
	SENDERS.filter(([name]) => /Standard|Stripe|Svix|Slack/.test(name)),
)("a timed request from %s", (_, verify, signed) => {
	test.each([
		[-300, true],
		[-301, false],
		[0, true],
		[300, true],
		[301, false],
	])("that is %i seconds from now is accepted: %s", async (seconds, isIn) => {
		const request = await signed("{}", SECONDS + seconds);
		expect(await verified(verify, request, { now: NOW + 999 })).toBe(isIn);
	});

	test.each(["", "-5", "1e9", "1700000000.5", "now", "9".repeat(400)])(
		"with the time %j is rejected",
		async (time) => {
			const request = await signed("{}", time);
			expect(await verified(verify, request)).toBe(false);
		},
	);
});

describe("a preset", () => {
	test.each([
		[standardWebhooks, WHSEC, 0],
		[stripeSignature, "whsec_test_secret", 2],
	] as const)(
		"accepts another tolerance, and rejects an invalid one: %o",
		async (preset, secret, sender) => {
			const verify = preset({ secret, toleranceSeconds: 10 });
			const [, , signed] = SENDERS[sender] as Sender;
			expect(await verified(verify, await signed("", SECONDS - 10))).toBe(true);
			expect(await verified(verify, await signed("", SECONDS - 11))).toBe(
				false,
			);
			for (const toleranceSeconds of [0, -1, Number.NaN, Infinity])
				expect(() => preset({ secret, toleranceSeconds })).toThrow(
					/toleranceSeconds: .* greater than 0/,
				);
		},
	);

	test("reads its secret from the Worker's environment", async () => {
		const verify = githubSignature({
			secret: (env) => (env as unknown as { HUB: string }).HUB,
		});
		const signature = `sha256=${await macOf("s3cret", "{}", "hex")}`;
		const request = requestOf({ "x-hub-signature-256": signature }, "{}");
		expect(await verified(verify, request, { env: { HUB: "s3cret" } })).toBe(
			true,
		);
		expect(await verified(verify, request, { env: { HUB: "other" } })).toBe(
			false,
		);
	});

	test.each([
		standardWebhooks,
		githubSignature,
		stripeSignature,
		svixSignature,
		slackSignature,
		shopifySignature,
		twilioSignature,
		(options: { secret: () => string }) =>
			hmacSignature({ header: "x-signature", ...options }),
	])(
		"without a secret accepts no request, and the error says so: %#",
		async (preset) => {
			for (const secret of ["", undefined, null, 5]) {
				const verify = preset({ secret: () => secret as string });
				await expect(verified(verify, requestOf({}, "{}"))).rejects.toThrow(
					/secret is not set; .*wrangler secret put/,
				);
			}
		},
	);

	test.each(["whsec_", "whsec_ä", "whsec_quite", "so secret!"])(
		"of Standard Webhooks rejects the secret %j, which is not base64, without showing it",
		async (secret) => {
			await expect(
				verified(standardWebhooks({ secret }), requestOf({}, "{}")),
			).rejects.toThrow(
				"standardWebhooks: its secret is not base64; use it as the sender shows it, whsec_…",
			);
		},
	);
});

describe("Standard Webhooks", () => {
	const oracle = new Webhook(WHSEC);

	test("have the signature of the reference library", async () => {
		await fc.assert(
			fc.asyncProperty(
				fc.stringMatching(/^msg_\w{1,20}$/),
				fc.json(),
				async (id, body) => {
					const headers = {
						"webhook-id": id,
						"webhook-timestamp": `${SECONDS}`,
						"webhook-signature": oracle.sign(id, new Date(NOW), body),
					};
					for (const written of [WHSEC, WHSEC.slice(6)])
						expect(
							await verified(
								standardWebhooks({ secret: written }),
								requestOf(headers, body),
							),
						).toBe(true);
				},
			),
			{ numRuns: 30 },
		);
	});

	test("are accepted exactly if the reference library accepts them", async () => {
		const seconds = Math.floor(Date.now() / 1_000);
		const [, , signed] = SENDERS[0] as Sender;
		const { headers } = await signed('{"a":1}', seconds);
		expect(oracle.verify('{"a":1}', headers)).toEqual({ a: 1 });
	});

	test("are accepted with any of several v1 signatures, and with no other version", async () => {
		const verify = standardWebhooks({ secret: WHSEC });
		const [, , signed] = SENDERS[0] as Sender;
		const { headers } = await signed("{}");
		const right = headers["webhook-signature"] as string;
		const wrong = oracle.sign("msg_2", new Date(NOW), "{}");
		const withSignature = (signature: string) =>
			requestOf({ ...headers, "webhook-signature": signature }, "{}");
		for (const several of [
			`${wrong} ${right}`,
			`${right} ${wrong}`,
			`v1a,abc ${right}`,
		])
			expect(await verified(verify, withSignature(several))).toBe(true);
		for (const none of [
			`${wrong} ${wrong}`,
			right.replace("v1,", "v2,"),
			right.replace("v1,", ""),
			right.replace("v1,", "v1a,"),
		])
			expect(await verified(verify, withSignature(none))).toBe(false);
	});
});

describe("GitHub's and Stripe's signatures", () => {
	test("match the example of GitHub's documentation", async () => {
		const verify = githubSignature({ secret: "It's a Secret to Everybody" });
		const signature =
			"sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
		for (const written of [signature, signature.toUpperCase()]) {
			const shown = written.replace("SHA256", "sha256");
			const request = requestOf(
				{ "x-hub-signature-256": shown },
				"Hello, World!",
			);
			expect(await verified(verify, request)).toBe(true);
		}
	});

	test("match a signature that openssl made in Stripe's form", async () => {
		const verify = stripeSignature({ secret: "whsec_test_secret" });
		const signature =
			"248a374f50f943a28b0f6ab50faf9a7e7e29b710fa26df9fb1618b9bf8ea9c9a";
		const body = '{"id":"evt_1"}';
		const shown = (header: string) =>
			verified(verify, requestOf({ "stripe-signature": header }, body));
		expect(await shown(`t=${SECONDS},v1=${signature}`)).toBe(true);
		expect(await shown(`t=${SECONDS}, v0=6ff, v1=${signature}`)).toBe(true);
		const wrong = "0".repeat(64);
		expect(await shown(`t=${SECONDS},v1=${wrong},v1=${signature}`)).toBe(true);
		expect(await shown(`t=${SECONDS},v0=${signature}`)).toBe(false);
		expect(await shown(`t=${SECONDS},v1=${wrong}`)).toBe(false);
		expect(await shown(`v1=${signature}`)).toBe(false);
		// Which of two times was signed is not to be guessed.
		expect(await shown(`t=${SECONDS},t=1,v1=${signature}`)).toBe(false);
		expect(await shown(`t=1,t=${SECONDS},v1=${signature}`)).toBe(false);
	});
});

describe("Svix's signatures", () => {
	test("are those of the reference library, under their own header names only", async () => {
		const body = '{"a":1}';
		const signature = new Webhook(WHSEC).sign("msg_1", new Date(NOW), body);
		const named = (sender: string) =>
			requestOf(
				{
					[`${sender}-id`]: "msg_1",
					[`${sender}-timestamp`]: `${SECONDS}`,
					[`${sender}-signature`]: signature,
				},
				body,
			);
		for (const [preset, right, wrong] of [
			[svixSignature, "svix", "webhook"],
			[standardWebhooks, "webhook", "svix"],
		] as const) {
			const verify = preset({ secret: WHSEC });
			expect(await verified(verify, named(right))).toBe(true);
			expect(await verified(verify, named(wrong))).toBe(false);
		}
	});
});

describe("Slack's handshake", () => {
	test("answers the challenge of a verified request, and no other request", async () => {
		const challenge = { type: "url_verification", challenge: "3eZb" };
		const respond = async (json?: unknown) =>
			(await respondToSlack({ ...requestOf({}, ""), json }))?.text();
		expect(await respond(challenge)).toBe("3eZb");
		for (const other of [undefined, null, {}, { ...challenge, challenge: 5 }])
			expect(await respond(other)).toBeUndefined();
		expect(await respond({ ...challenge, type: "event_callback" })).toBe(
			undefined,
		);
	});
});

describe("Twilio's signatures", () => {
	const verify = twilioSignature({ secret: "12345" });
	const URL = "https://mycompany.com/myapp.php?foo=1&bar=2";
	const form = (
		body: string,
		signature: string,
		{ url = URL, type = "application/x-www-form-urlencoded" } = {},
	): HookRequest => ({
		...requestOf(
			{ "content-type": type, "x-twilio-signature": signature },
			body,
		),
		url,
		rawQuery: url.split("?")[1] ?? "",
	});
	const BODY =
		"CallSid=CA1234567890ABCDE&Digits=1234&From=%2B14158675309&To=%2B18005551212&Caller=%2B14158675309";
	const SIGNATURE = "RSOYDt4T1cUTdK1PDd93/VVr8B8=";

	test("match the examples of Twilio's libraries: a form, and a body with bodySHA256", async () => {
		expect(await verified(verify, form(BODY, SIGNATURE))).toBe(true);
		const json = '{"property": "value", "boolean": true}';
		const url = `${URL}&bodySHA256=0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620`;
		const options = { url, type: "application/json" };
		const signature = "a9nBmqA0ju/hNViExpshrM61xv4=";
		expect(await verified(verify, form(json, signature, options))).toBe(true);
		for (const [body, shown] of [
			[`${json} `, signature],
			["", signature],
			[json, SIGNATURE],
		] as const)
			expect(await verified(verify, form(body, shown, options))).toBe(false);
	});

	test("do not accept a body that they do not cover", async () => {
		const signature = await macOf("12345", URL, "base64", "SHA-1");
		for (const type of ["application/json", "text/plain", ""])
			expect(await verified(verify, form("{}", signature, { type }))).toBe(
				false,
			);
		for (const changed of [
			`${BODY}&more=1`,
			BODY.replace("1234&", "1235&"),
			BODY.replace("Digits=1234&", ""),
			"",
		])
			expect(await verified(verify, form(changed, SIGNATURE))).toBe(false);
		for (const url of [URL.replace("bar=2", "bar=3"), `${URL}&bar=2`])
			expect(await verified(verify, form(BODY, SIGNATURE, { url }))).toBe(
				false,
			);
		for (const shown of ["", SIGNATURE.slice(0, -1), `${SIGNATURE}=`])
			expect(await verified(verify, form(BODY, shown))).toBe(false);
	});

	test("cover each value of a repeated parameter, in the order of the values", async () => {
		const signed = `${URL}a1a2b`;
		const signature = await macOf("12345", signed, "base64", "SHA-1");
		expect(await verified(verify, form("b=&a=2&a=1&a=2", signature))).toBe(
			true,
		);
	});

	test("are accepted for the public URL behind a proxy, with its query", async () => {
		const request = form(BODY, "", { url: "http://localhost:8787/h?foo=1" });
		const signed = (url: string) =>
			macOf(
				"12345",
				`${url}CallSidCA1234567890ABCDECaller+14158675309Digits1234From+14158675309To+18005551212`,
				"base64",
				"SHA-1",
			);
		for (const [url, is] of [
			[`${request.webhookUrl}?foo=1`, true],
			[request.webhookUrl, false],
		] as const) {
			const headers = {
				...request.headers,
				"x-twilio-signature": await signed(url),
			};
			expect(await verified(verify, { ...request, headers })).toBe(is);
		}
	});
});

describe("the id of a verified delivery", () => {
	/** Headers that a forger changes, because no sender signs them. */
	const UNSIGNED = [
		"webhook-id",
		"idempotency-key",
		"x-github-delivery",
		"svix-id",
		"x-shopify-webhook-id",
		"x-request-id",
		"x-github-event",
	];

	test.each(SENDERS)(
		"from %s does not depend on headers that it does not sign",
		async (_, verify, signed) => {
			const request = await signed('{"id":"evt_1"}');
			const id = await idOf(verify, request);
			for (const name of UNSIGNED.filter((name) => !(name in request.headers)))
				expect(
					await idOf(verify, {
						...request,
						headers: { ...request.headers, [name]: "another" },
					}),
				).toBe(id);
		},
	);

	test("is the signed id of Standard Webhooks and Svix", async () => {
		for (const sender of [0, 3]) {
			const [, verify, signed] = SENDERS[sender] as Sender;
			expect(await idOf(verify, await signed("{}"))).toBe("msg_1");
		}
	});

	test("is in the body of Stripe and Slack, and another time of sending does not change it", async () => {
		for (const [sender, body] of [
			[2, '{"id":"evt_1"}'],
			[4, '{"event_id":"Ev1"}'],
		] as const) {
			const [, verify, signed] = SENDERS[sender] as Sender;
			const { id, event_id = id } = JSON.parse(body);
			for (const seconds of [SECONDS, SECONDS + 5])
				expect(await idOf(verify, await signed(body, seconds))).toBe(event_id);
		}
	});

	test("does not exist for a body of Stripe without an id", async () => {
		const [, verify, signed] = SENDERS[2] as Sender;
		for (const body of ["", "{", "null", "5", "{}", '{"id":5}', '{"id":""}'])
			expect(await idOf(verify, await signed(body))).toBeUndefined();
	});

	test("is the signed content where the sender signs no id", async () => {
		for (const sender of [1, 4, 5]) {
			const [name, verify, signed] = SENDERS[sender] as Sender;
			const ids = await Promise.all(
				["a=1", "a=1", "a=2"].map(async (body) =>
					idOf(verify, await signed(body)),
				),
			);
			expect(ids[0], name).toBe(ids[1]);
			expect(ids[0], name).not.toBe(ids[2]);
		}
		// The time is signed: an equal command later is another one.
		const [, slack, signed] = SENDERS[4] as Sender;
		const later = await signed("a=1", SECONDS + 1);
		expect(await idOf(slack, later)).not.toBe(
			await idOf(slack, await signed("a=1")),
		);
	});

	test("of Shopify differs for topics, which may have the same body", async () => {
		const [, verify, signed] = SENDERS[5] as Sender;
		const request = await signed("{}");
		const ids = await Promise.all(
			["orders/create", "orders/paid"].map((topic) =>
				idOf(verify, {
					...request,
					headers: { ...request.headers, "x-shopify-topic": topic },
				}),
			),
		);
		expect(ids[0]).not.toBe(ids[1]);
	});

	test("is read by the app's own function, which gets the parsed body, and is not there without one", async () => {
		const [, ownSender, signed] = SENDERS.at(-1) as Sender;
		const request = await signed('{"n":7}');
		expect(await idOf(ownSender, request)).toBeUndefined();
		const verify = hmacSignature({
			header: "X-Signature",
			prefix: "v0=",
			encoding: "base64",
			secret: "shh",
			deliveryId: ({ json }) => json?.n,
		});
		expect(await idOf(verify, request)).toBe("7");
		expect(await idOf(verify, await signed("no JSON"))).toBeUndefined();
		// As text, these would be equal for different deliveries.
		for (const n of ["null", '{"a":1}', "[1]", "true"])
			expect(await idOf(verify, await signed(`{"n":${n}}`)), n).toBeUndefined();
		const github = githubSignature({
			secret: "It's a Secret to Everybody",
			deliveryId: () => undefined,
		});
		const [, , byGitHub] = SENDERS[1] as Sender;
		expect(await idOf(github, await byGitHub("{}"))).toBeUndefined();
	});
});
