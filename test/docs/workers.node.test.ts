/** Compiles and runs the code of the guide on other Workers and of the configuration reference, as an owner and a second Worker. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { createTestHarness } from "wrangler";
import {
	blocksIn,
	readDocument,
	root,
	typeErrors,
	write as writeTo,
} from "./documents.ts";

/** Inside the package, so that its own name resolves; ignored by git. */
const folder = join(root, ".wrangler/workers");

const KEY = "tid_workers_secret";
const digest = createHash("sha256").update(KEY).digest("hex");
const API_KEYS = JSON.stringify([
	{ id: "workers", scopes: ["publish", "read"], digest },
]);

const run = promisify(execFile);
const harness = createTestHarness({
	root,
	workers: [
		{
			configPath: ".wrangler/workers/wrangler.toml",
			secrets: { API_KEYS },
		},
		{ configPath: ".wrangler/workers/mail/wrangler.toml" },
	],
});

const write = (path: string, text: string) => writeTo(join(folder, path), text);

/** The reference shows the keys of the configuration one by one. They are tested as one configuration. */
const TOGETHER = `
import { defineConfig } from "tidings";
import document from "./tidings.config.ts";
import members from "./members.ts";

export default defineConfig({
	...Object.assign({}, document, ...members),
	routes: Object.assign({}, ...members.map(({ routes }) => routes)),
});
`;

beforeAll(async () => {
	await rm(folder, { recursive: true, force: true });
	const guide = await readDocument("docs/guides/handlers-in-other-workers.md");
	const reference = await readDocument("docs/reference/configuration.md");
	const members: string[] = [];
	let services = "";
	for (const { language, code, path } of blocksIn(guide + reference)) {
		if (path) await write(path, code);
		// Other examples of the reference repeat what wrangler.toml has.
		else if (language === "toml" && guide.includes(code)) services += code;
		else if (code.startsWith("defineConfig(")) members.push(code);
	}
	expect(members).toHaveLength(10);
	await write(
		"members.ts",
		`import { type Config, defineConfig } from "tidings";
export default [
${members.map((code) => code.replace(/;\n$/, ",\n")).join("")}] as Config[];`,
	);
	await write("together.ts", TOGETHER);
	const main = await readFile(join(folder, "src/main.ts"), "utf8");
	const together = main
		.replace("tidings.config.ts", "together.ts")
		.replace("{ config }", "{ config, apps: apps() }");
	await write(
		"src/together.ts",
		`import "./handlers.generated.ts";\nimport { apps } from "tidings/apps";\n${together}`,
	);
	const config = await readDocument("wrangler.toml");
	await write(
		"wrangler.toml",
		`${config.replace("src/main.ts", "src/together.ts")}\n${services}`,
	);
	await run(process.execPath, [join(root, "scripts/generate.ts"), "generate"], {
		cwd: folder,
	});
	await harness.listen();
});
afterAll(() => harness.close());

const authorization = `Bearer ${KEY}`;

async function publish(name: string): Promise<string> {
	const response = await harness.fetch("/v1/events", {
		method: "POST",
		headers: { authorization, "content-type": "application/json" },
		body: JSON.stringify({ name, body: { email: "ada@example.com" } }),
	});
	expect(response.status).toBe(202);
	return ((await response.json()) as { id: string }).id;
}

async function isLogged(line: string): Promise<void> {
	const logged = () => harness.getLogs().map(({ message }) => message);
	await vi.waitFor(() => expect(logged()).toContain(line), {
		timeout: 20_000,
		interval: 50,
	});
}

test("each key of the configuration has the documented effect", async () => {
	const response = await harness.fetch("/v1/handlers", {
		headers: { authorization },
	});
	const { handlers, unreachable } = (await response.json()) as {
		handlers: {
			id: string;
			worker?: string;
			handler?: string;
			patterns: string[];
			timeout: number;
			retries: { limit: number; base: number };
		}[];
		unreachable: string[];
	};
	expect(unreachable).toEqual([]);
	expect(
		handlers.map(({ id, worker, handler, patterns, timeout, retries }) => [
			id,
			...(worker ? [`${worker}/${handler}`] : []),
			patterns.join(" "),
			timeout,
			retries.limit,
			retries.base,
		]),
	).toEqual([
		["count-orders", "order.placed", 10_000, 5, 30_000],
		["send-welcome-email", "user.registered user.verified", 10_000, 5, 30_000],
		[
			"mail/send-receipt",
			"mail/send-receipt",
			"order.placed",
			30_000,
			20,
			5_000,
		],
		["invoices", "mail/send-invoice", "order.placed", 10_000, 5, 30_000],
		["mail/welcome", "mail/welcome", "user.registered", 10_000, 5, 30_000],
		["welcome-back", "mail/welcome", "user.returned", 10_000, 0, 5_000],
		[
			"mail/archive",
			"mail/archive",
			"order.placed order.refunded",
			20_000,
			5,
			30_000,
		],
	]);
});

test("the handler in the other Worker and the file that a route names get a published event", async () => {
	const id = await publish("order.placed");
	await isLogged(`receipt for event ${id}, attempt 1`);
	await publish("user.verified");
	await isLogged("user.verified: welcome, ada@example.com");
});

test("the code of both documents compiles", async () => {
	expect(await typeErrors(folder)).toBe("");
});
