/** The README's first handler and its second Worker, as they stand there, on the local runtime; and its other code, as far as types go. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { createTestHarness } from "wrangler";

const root = join(import.meta.dirname, "..");
/** Inside the package, so that its own name resolves; ignored by git. */
const folder = join(root, ".wrangler/readme");

const KEY = "tid_readme_secret";
const digest = createHash("sha256").update(KEY).digest("hex");
const API_KEYS = JSON.stringify([
	{ id: "readme", scopes: ["publish"], digest },
]);

let readme: string;
let harness: ReturnType<typeof createTestHarness>;

/** The code block that has this in it. */
function blockWith(text: string): string {
	const blocks = [...readme.matchAll(/^```\w*\n(.*?)^```$/gms)].map(
		([, block]) => block as string,
	);
	const [found] = blocks.filter((block) => block.includes(text));
	if (found === undefined)
		throw new Error(`the README has no block with ${text}`);
	return found;
}

/** The first handler's Worker once more, as the owner of a second one. */
async function writeMany(main: string, config: string): Promise<void> {
	const many = join(folder, "many");
	await mkdir(join(many, "src"), { recursive: true });
	await mkdir(join(many, "mail"));
	for (const path of ["mail/index.ts", "tidings.config.ts"])
		await writeFile(join(many, path), blockWith(`// ${path}\n`));
	const [, line, call] =
		/`(import config[^`]*)`.*?`(worker\([^`]*)`/s.exec(readme) ?? [];
	await writeFile(
		join(many, "src/main.ts"),
		`${line}\n${main.replace("worker(events)", call as string)}`,
	);
	await writeFile(
		join(many, "wrangler.toml"),
		config
			.replace('name = "tidings"', 'name = "many"')
			.replaceAll('"tidings-', '"many-') + blockWith('binding = "MAIL"'),
	);
	await writeFile(
		join(many, "mail/wrangler.toml"),
		'name = "mail"\nmain = "index.ts"\ncompatibility_date = "2026-11-01"\n',
	);
}

beforeAll(async () => {
	readme = await readFile(join(root, "README.md"), "utf8");
	await rm(folder, { recursive: true, force: true });
	await mkdir(folder, { recursive: true });
	const main = blockWith("// src/main.ts");
	await writeFile(join(folder, "main.ts"), main);
	const tool = blockWith("// src/tools/");
	await writeFile(join(folder, "subscribe_to_emails.ts"), tool);
	const config = await readFile(join(root, "wrangler.toml"), "utf8");
	await writeFile(
		join(folder, "wrangler.toml"),
		config.replace('"src/main.ts"', '"main.ts"'),
	);
	await writeMany(main, config);
	harness = createTestHarness({
		root,
		workers: [
			{ configPath: ".wrangler/readme/wrangler.toml", secrets: { API_KEYS } },
			{
				configPath: ".wrangler/readme/many/wrangler.toml",
				secrets: { API_KEYS },
			},
			{ configPath: ".wrangler/readme/many/mail/wrangler.toml" },
		],
	});
	await harness.listen();
});
afterAll(() => harness.close());

test.each([
	["first handler", "tidings", "welcome, ada@example.com"],
	["second Worker", "many", "a letter to ada@example.com"],
])(
	"the README's %s gets what its curl line publishes",
	async (_, name, says) => {
		const curl = blockWith("curl http://localhost:8787/v1/events");
		const [, path] = /localhost:8787(\S+)/.exec(curl) ?? [];
		const [, body] = /-d '(.*)'/.exec(curl) ?? [];
		const response = await harness.getWorker(name).fetch(path as string, {
			method: "POST",
			headers: {
				authorization: `Bearer ${KEY}`,
				"content-type": "application/json",
			},
			body: body as string,
		});
		expect(response.status).toBe(202);
		await vi.waitFor(
			() =>
				expect(harness.getLogs().map(({ message }) => message)).toContain(says),
			{ timeout: 20_000, interval: 50 },
		);
	},
);

/** What a reader has before their eyes beside a block, and the block does not say. */
const PRELUDE = `
import { createEvents, NonRetryableError, RetryAfterError } from "tidings";
import type { PublisherBinding } from "tidings/client";
declare const env: { EVENTS: PublisherBinding };
declare const sendReceipt: (order: unknown) => Promise<void>;
declare const isOpen: () => boolean;
`;

test("the README's other code compiles", async () => {
	const blocks = [...readme.matchAll(/^```ts\n(.*?)^```$/gms)]
		.map(([, block]) => block as string)
		// Those that name their file are there whole.
		.filter((block) => !/^\/\/ \S+\.ts\n/.test(block));
	expect(blocks.length).toBeGreaterThanOrEqual(3);
	for (const [index, block] of blocks.entries()) {
		const imports = block.match(/^import .*$/gm) ?? [];
		const rest = block.replaceAll(/^import .*$/gm, "");
		// A block that brings events of its own types has them, any other uses those of everybody.
		const own = imports.some((line) => line.includes("events"));
		await writeFile(
			join(folder, `block-${index}.ts`),
			`${PRELUDE}${imports.join("\n")}
${own ? "" : "const events = createEvents();"}
export async function block() {
${rest}
}`,
		);
	}
	await writeFile(
		join(folder, "tsconfig.json"),
		JSON.stringify({
			extends: "../../tsconfig.json",
			compilerOptions: { noUnusedLocals: false, noUnusedParameters: false },
			include: ["**/*.ts"],
			exclude: [],
		}),
	);
	const tsc = join(root, "node_modules/typescript/bin/tsc");
	const compiled = await promisify(execFile)(process.execPath, [
		tsc,
		"-p",
		folder,
	]).catch(({ stdout }) => ({ stdout }));
	expect(compiled.stdout).toBe("");
});

test("each command that the README names exists", async () => {
	const { scripts } = JSON.parse(
		await readFile(join(root, "package.json"), "utf8"),
	);
	const named = [...readme.matchAll(/npm run ([a-z:]+)/g)].map(
		([, name]) => name as string,
	);
	expect(named.length).toBeGreaterThan(2);
	for (const name of [...named, "test"])
		expect(scripts, name).toHaveProperty(name);
});

test("each file that the README links to exists", async () => {
	const links = [...readme.matchAll(/\]\(([^)#:]+)\)/g)].map(
		([, path]) => path as string,
	);
	expect(links.length).toBeGreaterThan(3);
	for (const link of links)
		await expect(
			readFile(join(root, link)).catch(({ code }) => code),
		).resolves.not.toBe("ENOENT");
});
