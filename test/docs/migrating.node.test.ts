/** Generates, compiles and runs the code of the migration guide on the local runtime. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { createTestHarness } from "wrangler";
import { readDocument, root, typeErrors, write } from "./documents.ts";

/** Inside the package, so that its own name resolves; ignored by git. */
const folder = join(root, ".wrangler/migrating");

const KEY = "tid_migrating_secret";
const digest = createHash("sha256").update(KEY).digest("hex");
const API_KEYS = JSON.stringify([
	{ id: "migrating", scopes: ["publish"], digest },
]);

const PRODUCTS = [
	{
		heading: "Ampt",
		name: "ampt",
		event: { name: "user.joined", body: { email: "ada@example.com" } },
		says: "welcome, ada@example.com",
	},
	{
		heading: "SST",
		name: "sst",
		event: {
			name: "todo.created",
			body: { bus: "bus", properties: { id: "t1" } },
		},
		says: "created t1",
	},
	{
		heading: "tsc.run",
		name: "tsc-run",
		event: { name: "user.verified", body: { email: "ada@example.com" } },
		says: "user.verified: welcome, ada@example.com",
	},
];

const run = promisify(execFile);
const harness = createTestHarness({
	root,
	workers: PRODUCTS.map(({ name }) => ({
		configPath: `.wrangler/migrating/${name}/wrangler.toml`,
		secrets: { API_KEYS },
	})),
});

/** Returns the blocks of a language under a heading. */
function blocksOf(text: string, heading: string, language: string): string[] {
	const [, section = ""] = text.split(`\n## ${heading}\n`);
	const [own = ""] = section.split("\n## ");
	// Blocks in a list are indented.
	const block = new RegExp(`^ *\`\`\`${language}\\n(.*?)^ *\`\`\`$`, "gms");
	return [...own.matchAll(block)].map(([, code]) => code as string);
}

async function writeProduct(name: string, heading: string): Promise<void> {
	const text = await readDocument("docs/guides/migrating.md");
	const directory = join(folder, name);
	const blocks = blocksOf(text, heading, "ts");
	expect(blocks.length).toBeGreaterThanOrEqual(2);
	for (const code of blocks) {
		const [, path] = /^\/\/ (\S+)\n/.exec(code) ?? [];
		await write(join(directory, path as string), code);
	}
	const config = await readDocument("wrangler.toml");
	await write(
		join(directory, "wrangler.toml"),
		config
			.replace('name = "tidings"', `name = "${name}"`)
			.replaceAll('"tidings-', `"${name}-`),
	);
	// The command of the section, else the common one.
	const common = blocksOf(text, "Common steps", "sh");
	const [line] = [...blocksOf(text, heading, "sh"), ...common];
	const [npx, tidings, ...args] = (line as string).trim().split(" ");
	expect([npx, tidings]).toEqual(["npx", "tidings"]);
	await run(process.execPath, [join(root, "scripts/generate.ts"), ...args], {
		cwd: directory,
	});
}

beforeAll(async () => {
	await rm(folder, { recursive: true, force: true });
	for (const { name, heading } of PRODUCTS) await writeProduct(name, heading);
	await harness.listen();
});
afterAll(() => harness.close());

test.each(PRODUCTS)(
	"the handler of the $heading section gets a published event",
	async ({ name, event, says }) => {
		const worker = harness.getWorker(name);
		const response = await worker.fetch("/v1/events", {
			method: "POST",
			headers: {
				authorization: `Bearer ${KEY}`,
				"content-type": "application/json",
			},
			body: JSON.stringify(event),
		});
		expect(response.status).toBe(202);
		await vi.waitFor(
			() =>
				expect(harness.getLogs().map(({ message }) => message)).toContain(says),
			{ timeout: 20_000, interval: 50 },
		);
	},
);

test("the code of all sections compiles", async () => {
	expect(await typeErrors(folder)).toBe("");
});
