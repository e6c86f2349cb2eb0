import fc from "fast-check";
import { Webhook } from "standardwebhooks";
import { describe, expect, test } from "vitest";
import type { HookRequest } from "../../../src/apps/webhooks/trigger.ts";
import {
	githubSignature,
	hmacSignature,
	standardWebhooks,
	stripeSignature,
} from "../../../src/apps/webhooks/verify.ts";
import {
	deliveryIdOf,
	type Verify,
} from "../../../src/apps/webhooks/webhook-module.ts";

const SECONDS = 1_700_000_000;
const NOW = SECONDS * 1_000;
const encoder = new TextEncoder();

function requestOf(
	headers: Record<string, string>,
	body: string | Uint8Array,
): HookRequest {
	const bytes = typeof body === "string" ? encoder.encode(body) : body;
	return { method: "POST", headers, query: {}, bytes };
}

async function verified(
	verify: Verify,
	request: HookRequest,
	{ env = {}, now = NOW } = {},
): Promise<boolean> {
	return verify(request, { env: env as Cloudflare.Env, now });
}

async function macOf(
	secret: string | Uint8Array,
	signed: string,
	encoding: "hex" | "base64",
): Promise<string> {
	const algorithm = { name: "HMAC", hash: "SHA-256" };
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

describe.each(SENDERS.filter(([name]) => /Standard|Stripe/.test(name)))(
	"a timed request from %s",
	(_, verify, signed) => {
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
	},
);

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

describe("the id of a delivery", () => {
	test.each([
		[{ "webhook-id": "msg_1" }, "webhook-id:msg_1"],
		[{ "x-github-delivery": "72d3" }, "x-github-delivery:72d3"],
		[{ "idempotency-key": "k" }, "idempotency-key:k"],
		[{ "idempotency-key": "k", "webhook-id": "m" }, "webhook-id:m"],
		[{ "idempotency-key": "k", "webhook-id": "" }, "idempotency-key:k"],
		[{ "webhook-id": "m".repeat(255) }, `webhook-id:${"m".repeat(255)}`],
		[{ "webhook-id": "m".repeat(256) }, undefined],
		[{ "x-request-id": "r" }, undefined],
		[{}, undefined],
	])("in the headers %j is %s", (headers, id) => {
		expect(deliveryIdOf(requestOf(headers as never, "{}"))).toBe(id);
	});

	test("is the id of Stripe's event, because Stripe has no header for it", () => {
		const headers = { "stripe-signature": "t=1,v1=a" };
		const idOf = (body: string | Uint8Array) =>
			deliveryIdOf(requestOf(headers, body));
		expect(idOf('{"id":"evt_1"}')).toBe("stripe:evt_1");
		for (const body of ["", "{", "null", "5", "{}", '{"id":5}', '{"id":"x"}'])
			expect(idOf(body)).toBeUndefined();
		expect(idOf(new Uint8Array([0xff, 0xfe]))).toBeUndefined();
		expect(deliveryIdOf(requestOf({}, '{"id":"evt_1"}'))).toBeUndefined();
	});
});
