/** The description of the API, as the deployed Worker serves it, against its routes, its documents and the standard. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Validator } from "@seriousme/openapi-schema-validator";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTestHarness } from "wrangler";
import type { ApiDocument } from "../../src/entrypoints/http/openapi/document.ts";

const root = join(import.meta.dirname, "../..");
const KEY = "tid_none_secret-of-none";
const digest = createHash("sha256").update(KEY).digest("hex");
const API_KEYS = JSON.stringify([{ id: "none", scopes: [], digest }]);

const harness = createTestHarness({
	root,
	workers: [{ configPath: "wrangler.toml", secrets: { API_KEYS } }],
});
let document: ApiDocument;

beforeAll(async () => {
	await harness.listen();
	document = (await (await harness.fetch("/openapi.json")).json()) as never;
});
afterAll(() => harness.close());

function operations() {
	return Object.entries(document.paths).flatMap(([path, methods]) =>
		Object.entries(methods).map(([method, operation]) => ({
			method: method.toUpperCase(),
			path,
			...operation,
		})),
	);
}

/** Calls a described method, with values for the parameters of its path. */
async function statusOf(
	{ method, path }: { method: string; path: string },
	headers: Record<string, string> = {},
): Promise<number> {
	const filled = path
		.replace("{app}", "@acme%2Fmail")
		.replaceAll(/\{\w+\}/g, "x");
	const response = await harness.fetch(filled, { method, headers });
	await response.arrayBuffer();
	return response.status;
}

test("it is valid OpenAPI 3.1", async () => {
	expect(document.openapi).toBe("3.1.0");
	const { valid, errors } = await new Validator().validate(document as never);
	expect(errors).toBeUndefined();
	expect(valid).toBe(true);
});

test("each reference leads to a component, and each operation has an id of its own", () => {
	const { components } = document;
	const refs = JSON.stringify(document).matchAll(
		/"#\/components\/(\w+)\/(\w+)"/g,
	);
	for (const [ref, kind, name] of refs)
		expect(components, ref).toHaveProperty([kind as string, name as string]);
	const ids = operations().map(({ operationId }) => operationId);
	expect(new Set(ids).size).toBe(ids.length);
	expect(ids.length).toBeGreaterThan(25);
});

test("its methods and paths are those of the reference", async () => {
	const text = await readFile(join(root, "docs/reference/http-api.md"), "utf8");
	const written = [
		...text.matchAll(/`(GET|POST|PATCH|DELETE) (\/[^\s?`]*)/g),
	].map(([, method, path]) => `${method} ${path}`);
	const described = operations().map(({ method, path }) => `${method} ${path}`);
	expect([...new Set(written)].sort()).toEqual(
		[
			...described.filter((one) => !one.includes("/hooks/")),
			// Only a Worker with a dashboard has the page.
			"GET /openapi",
		].sort(),
	);
	expect(described).toContain("POST /hooks/{app}/{event}/{secret}");
	expect(text).toContain("`/hooks/{app}/{event}/{secret}`");
});

describe("a call of each described method", () => {
	test("without a key is answered with 401 where a key is required, and nowhere else", async () => {
		for (const operation of operations()) {
			const { method, path, security } = operation;
			const isOpen =
				security.length === 0 || "{}" === JSON.stringify(security[0]);
			const status = await statusOf(operation);
			expect(status === 401, `${method} ${path}: ${status}`).toBe(!isOpen);
			expect(status, `${method} ${path}`).not.toBe(405);
		}
	});

	test("with a key without scopes is answered with 403 where a scope is required, and nowhere else", async () => {
		for (const operation of operations()) {
			const { method, path, security } = operation;
			const isScoped = security.some(({ key }) => key !== undefined);
			// A cancel finds no event whose name would need the scope.
			if (operation.operationId === "cancel") continue;
			const status = await statusOf(operation, {
				authorization: `Bearer ${KEY}`,
			});
			expect(status === 403, `${method} ${path}: ${status}`).toBe(isScoped);
		}
	});
});
