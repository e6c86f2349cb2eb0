/** The code of docs/workers.md, as it stands there: compiled, and run on the local runtime as an owner and a second Worker. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { createTestHarness } from "wrangler";

const root = join(import.meta.dirname, "..");
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

async function write(path: string, text: string): Promise<void> {
	await mkdir(dirname(join(folder, path)), { recursive: true });
	await writeFile(join(folder, path), text);
}

/** The members of a configuration are shown one by one, and hold together. */
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
	const text = await readFile(join(root, "docs/workers.md"), "utf8");
	const blocks = [...text.matchAll(/^```(ts|toml)\n(.*?)^```$/gms)].map(
		([, language, code]) => ({ language, code: code as string }),
	);
	const members: string[] = [];
	let services = "";
	for (const { language, code } of blocks) {
		const [, path] = /^(?:\/\/|#) (\S+)\n/.exec(code) ?? [];
		if (path) await write(path, code);
		else if (language === "toml") services += code;
		else members.push(code);
	}
	expect(members).toHaveLength(8);
	await write(
		"members.ts",
		`import { type Config, defineConfig } from "tidings";
export default [
${members.map((code) => code.replace(/;\n$/, ",\n")).join("")}] as Config[];`,
	);
	await write("together.ts", TOGETHER);
	const main = await readFile(join(folder, "src/main.ts"), "utf8");
	await write(
		"src/together.ts",
		`import "./handlers.generated.ts";\n${main.replace("tidings.config.ts", "together.ts")}`,
	);
	const config = await readFile(join(root, "wrangler.toml"), "utf8");
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

async function isSaid(line: string): Promise<void> {
	const said = () => harness.getLogs().map(({ message }) => message);
	await vi.waitFor(() => expect(said()).toContain(line), {
		timeout: 20_000,
		interval: 50,
	});
}

test("each member of the configuration does what the document says of it", async () => {
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

test("the handler in the other Worker, and the file that a route names, get what is published", async () => {
	const id = await publish("order.placed");
	await isSaid(`receipt for event ${id}, attempt 1`);
	await publish("user.verified");
	await isSaid("user.verified: welcome, ada@example.com");
});

test("all of it compiles", async () => {
	await write(
		"tsconfig.json",
		JSON.stringify({ extends: "../../tsconfig.json", include: ["**/*.ts"] }),
	);
	const tsc = join(root, "node_modules/typescript/bin/tsc");
	const compiled = await run(process.execPath, [tsc, "-p", folder]).catch(
		({ stdout }) => ({ stdout }),
	);
	expect(compiled.stdout).toBe("");
});
