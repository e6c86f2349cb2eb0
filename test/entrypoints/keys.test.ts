import { afterEach, describe, expect, test, vi } from "vitest";
import { authenticate } from "../../src/entrypoints/http/keys.ts";
import { mayPublish } from "../../src/event/permission.ts";

async function digestOf(key: string): Promise<string> {
	const bytes = new TextEncoder().encode(key);
	const digest = await crypto.subtle.digest("SHA-256", bytes);
	return [...new Uint8Array(digest)]
		.map((byte) => byte.toString(16).padStart(2, "0"))
		.join("");
}

const secretOf = (...keys: object[]) => JSON.stringify(keys);
const key = "tid_store_0123456789";
const unauthorized = expect.objectContaining({ code: "unauthorized" });

describe("a key", () => {
	afterEach(() => vi.restoreAllMocks());

	test("is found by its whole id, not by a prefix", async () => {
		const secret = secretOf(
			{ id: "storefront", scopes: ["admin"], digest: "0".repeat(64) },
			{ id: "sto", scopes: ["admin"], digest: "1".repeat(64) },
			{ id: "store", scopes: ["read"], digest: await digestOf(key) },
		);
		expect(await authenticate(`Bearer ${key}`, secret)).toEqual({
			id: "store",
			admin: false,
			read: true,
			publish: [],
		});
	});

	test("is valid only with its whole digest", async () => {
		const digest = await digestOf(key);
		for (const at of [0, 1, 31, 32, 62, 63]) {
			const other = digest[at] === "0" ? "1" : "0";
			const wrong = digest.slice(0, at) + other + digest.slice(at + 1);
			const secret = secretOf({ id: "store", scopes: [], digest: wrong });
			await expect(authenticate(`Bearer ${key}`, secret)).rejects.toEqual(
				unauthorized,
			);
		}
	});

	test("is valid next to another one of its id, each with its own scopes", async () => {
		const [old, young] = ["tid_store_old", "tid_store_young"];
		const secret = secretOf(
			{ id: "store", scopes: ["read"], digest: await digestOf(old) },
			{ id: "store", scopes: ["admin"], digest: await digestOf(young) },
		);
		expect(await authenticate(`Bearer ${old}`, secret)).toMatchObject({
			read: true,
			admin: false,
		});
		expect(await authenticate(`Bearer ${young}`, secret)).toMatchObject({
			admin: true,
		});
		await expect(
			authenticate("Bearer tid_store_other", secret),
		).rejects.toEqual(unauthorized);
	});

	test("with the scope publish may not move events of apps, one with the scope admin may", async () => {
		const secret = secretOf(
			{ id: "p", scopes: ["publish"], digest: await digestOf("tid_p_1") },
			{ id: "a", scopes: ["admin"], digest: await digestOf("tid_a_1") },
		);
		const may = async (key: string, name: string) => {
			const { publish } = await authenticate(`Bearer ${key}`, secret);
			return mayPublish(publish, name);
		};
		expect(await may("tid_p_1", "order.placed")).toBe(true);
		expect(await may("tid_p_1", "@my-org/email/new_email")).toBe(false);
		expect(await may("tid_a_1", "@my-org/email/new_email")).toBe(true);
	});

	test("for local development is valid only where the request is local", async () => {
		const local = "tid_local_for-development-on-this-machine-only-AAAAAA";
		const secret = secretOf({
			id: "local",
			scopes: ["admin"],
			digest: await digestOf(local),
		});
		await expect(authenticate(`Bearer ${local}`, secret)).rejects.toEqual(
			unauthorized,
		);
		expect(await authenticate(`Bearer ${local}`, secret, true)).toMatchObject({
			id: "local",
			admin: true,
		});
	});

	const digest = "0".repeat(64);

	test.for<[secret: string, log: string]>([
		["hunter2", "give a JSON array of { id, scopes, digest }"],
		['{"id":"hunter2"}', "give a JSON array of { id, scopes, digest }"],
		['["hunter2"]', "[0]: expected an object"],
		[
			secretOf({ id: "hunter2 ", scopes: [], digest }),
			"[0].id: use 1 to 64 characters of A-Z a-z 0-9 -",
		],
		[
			secretOf({ id: "a", scopes: ["write"], digest }),
			'[0].scopes[0]: invalid scope "write"; use publish, publish:<pattern>, read or admin',
		],
		[
			secretOf({ id: "a", scopes: ["publish:no name"], digest }),
			'[0].scopes[0]: invalid scope "publish:no name"',
		],
		[
			secretOf({ id: "a", scopes: [], digest: "hunter2" }),
			"[0].digest: use the 64 hex digits",
		],
		[
			secretOf({ id: "a", scopes: [], digest, key: "hunter2" }),
			'[0]: unknown key "key"; use id, scopes, digest',
		],
	])(
		"is never valid while API_KEYS is %s, and the log says %s",
		async ([secret, log]) => {
			const logged = vi.spyOn(console, "error").mockImplementation(() => {});
			await expect(authenticate(`Bearer ${key}`, secret)).rejects.toEqual(
				unauthorized,
			);
			expect(logged.mock.calls.map(([line]) => JSON.parse(line))).toMatchObject(
				[
					{
						tidings: "api_keys_unreadable",
						reason: expect.stringContaining(log),
					},
				],
			);
			expect(logged.mock.calls.join()).not.toContain("hunter2");
		},
	);
});
