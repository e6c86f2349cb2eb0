import { describe, expect, test } from "vitest";
import { authenticate } from "../../src/entrypoints/http/keys.ts";

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
	test("comes in by its own id, though another's begins alike", async () => {
		const secret = secretOf(
			{ id: "storefront", scopes: ["admin"], digest: "0".repeat(64) },
			{ id: "store", scopes: ["read"], digest: await digestOf(key) },
			{ id: "sto", scopes: ["admin"], digest: "1".repeat(64) },
		);
		expect(await authenticate(`Bearer ${key}`, secret)).toEqual({
			id: "store",
			admin: false,
			read: true,
			publish: [],
		});
	});

	test("comes in only with its whole digest", async () => {
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
});
