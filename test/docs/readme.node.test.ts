/** Runs the code of the README and of getting started on the local runtime, as it stands there. */
import { createHash } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { createTestHarness } from "wrangler";
import { blocksIn, blockWith, readDocument, root, write } from "./documents.ts";

/** Inside the package, so that its own name resolves; ignored by git. */
const folder = join(root, ".wrangler/docs/run");

const KEY = "tid_readme_secret";
const digest = createHash("sha256").update(KEY).digest("hex");
const API_KEYS = JSON.stringify([
	{ id: "readme", scopes: ["publish"], digest },
]);

const PAGES = [
	{ page: "README.md", name: "readme", main: "src/index.ts" },
	{
		page: "docs/getting-started/first-event.md",
		name: "first-event",
		main: "src/index.ts",
	},
	{
		page: "docs/getting-started/your-own-worker.md",
		name: "your-own-worker",
		main: "src/index.ts",
	},
];

const harness = createTestHarness({
	root,
	workers: PAGES.map(({ name }) => ({
		configPath: `.wrangler/docs/run/${name}/wrangler.toml`,
		secrets: { API_KEYS },
	})),
});

beforeAll(async () => {
	await rm(folder, { recursive: true, force: true });
	const config = await readDocument("wrangler.toml");
	for (const { page, name, main } of PAGES) {
		for (const { path, code } of blocksIn(await readDocument(page)))
			if (path?.endsWith(".ts")) await write(join(folder, name, path), code);
		await write(
			join(folder, name, "wrangler.toml"),
			config
				.replace('name = "tidings"', `name = "${name}"`)
				.replace('"src/main.ts"', `"${main}"`)
				.replaceAll('"tidings-', `"${name}-`),
		);
	}
	await harness.listen();
});
afterAll(() => harness.close());

async function isLogged(line: string | RegExp): Promise<void> {
	const logged = () => harness.getLogs().map(({ message }) => message);
	await vi.waitFor(
		() => expect(logged()).toContainEqual(expect.stringMatching(line)),
		{ timeout: 20_000, interval: 50 },
	);
	harness.clearLogs();
}

test.each(["README.md", "docs/getting-started/first-event.md"])(
	"the handler in %s runs for the event that its curl command publishes",
	async (page) => {
		const curl = blockWith(
			await readDocument(page),
			"curl http://localhost:8787/v1/events",
		);
		const [, path = ""] = /localhost:8787(\S+)/.exec(curl) ?? [];
		const [, body = ""] = /-d '(.*)'/.exec(curl) ?? [];
		const { name } = PAGES.find((one) => one.page === page) ?? {};
		const response = await harness.getWorker(name).fetch(path, {
			method: "POST",
			headers: {
				authorization: `Bearer ${KEY}`,
				"content-type": "application/json",
			},
			body,
		});
		expect(response.status).toBe(202);
		await isLogged(/^welcome, ada@example\.com$/);
	},
);

test("the user's own route next to Tidings publishes an event that its handler gets", async () => {
	const response = await harness.getWorker("your-own-worker").fetch("/orders", {
		method: "POST",
		body: JSON.stringify({ email: "ada@example.com" }),
	});
	expect(response.status).toBe(202);
	const { orderId } = (await response.json()) as { orderId: string };
	await isLogged(`receipt for ${orderId} to ada@example.com`);
});

test("the README's own fetch answers outside of the paths of Tidings", async () => {
	const response = await harness.getWorker("readme").fetch("/");
	expect(await response.text()).toBe("your own routes");
});

test("the README has at most 220 lines and sets the retention to 14 days", async () => {
	const readme = await readDocument("README.md");
	expect(readme.trimEnd().split("\n").length).toBeLessThanOrEqual(220);
	const [, seconds] =
		/--message-retention-period-secs (\d+)/.exec(readme) ?? [];
	expect(Number(seconds)).toBe(14 * 86_400);
});
