/** The templates, copied out of the repository and built with the published package. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { cp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import {
	afterAll,
	beforeAll,
	describe,
	expect,
	inject,
	test,
	vi,
} from "vitest";
import { createTestHarness, experimental_readRawConfig } from "wrangler";
import { variablesIn } from "../../cli/dev-vars.ts";
import {
	binOf,
	deployedSize,
	install,
	installedAs,
	manifest,
	root,
	typeErrors,
	wrangler,
} from "./project.ts";

const run = promisify(execFile);

const folder = mkdtempSync(join(tmpdir(), "tidings-templates-"));
const OWNERS = ["one-worker", "many-workers/owner", "hono-api"];
const WORKERS = [...OWNERS, "many-workers/storefront", "many-workers/mail"];

beforeAll(async () => {
	await cp(join(root, "templates"), folder, {
		recursive: true,
		filter: (path) =>
			!/\/(node_modules|\.wrangler|\.dev\.vars|worker-configuration\.d\.ts)$/.test(
				path,
			),
	});
	// One installation for all: each finds its packages in the folder above.
	const workspaces = WORKERS;
	await writeFile(join(folder, "package.json"), JSON.stringify({ workspaces }));
	await install(inject("tarball"), folder);
	await Promise.all([
		...WORKERS.map((worker) => wrangler(join(folder, worker), "types")),
		...OWNERS.map(createLocalKey),
	]);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Does what `npm run dev` does first. */
async function createLocalKey(owner: string): Promise<void> {
	const { scripts } = JSON.parse(
		await textOf(`templates/${owner}/package.json`),
	);
	expect(scripts.predev).toBe("tidings key --local");
	expect(scripts.dev).toBe("tidings dev");
	const tidings = join(folder, "node_modules/.bin/tidings");
	await run(tidings, ["key", "--local"], { cwd: join(folder, owner) });
}

const textOf = (path: string) => readFile(join(root, path), "utf8");

describe.each(WORKERS)("%s", (worker) => {
	test("compiles with the types that wrangler writes", async () => {
		expect(await typeErrors(join(folder, worker))).toBe("");
	});

	test("depends on the versions that are tested here", async () => {
		const template = JSON.parse(
			await textOf(`templates/${worker}/package.json`),
		);
		const asked = { ...template.dependencies, ...template.devDependencies };
		const { packages } = JSON.parse(await textOf("package-lock.json"));
		for (const [name, range] of Object.entries<string>(asked)) {
			const path =
				name === "tidings" ? "" : `node_modules/${installedAs(name)}`;
			expect(range.replace("^", ""), name).toBe(packages[path].version);
		}
		expect(Object.keys(asked)).toContain("tidings");
	});

	test("has a deploy button for its folder", async () => {
		const [template = ""] = worker.split("/");
		const readme = await textOf(`templates/${template}/README.md`);
		const repository =
			manifest.repository?.url.replace(/^git\+|\.git$/g, "") ??
			"https://github.com/OWNER/tidings";
		expect(readme).toContain(
			`(https://deploy.workers.cloudflare.com/?url=${repository}/tree/main/templates/${worker})`,
		);
	});
});

/** What a template has in common with this repository's Worker. */
function configOf(path: string, name: string) {
	const { rawConfig } = experimental_readRawConfig({
		config: join(root, path),
	});
	const { $schema, dev, main, services, ...rest } = rawConfig;
	return JSON.parse(JSON.stringify(rest).replaceAll(`"${name}`, '"tidings'));
}

test.each([
	["one-worker", "my-app"],
	["many-workers/owner", "tidings"],
	["hono-api", "my-api"],
])(
	"%s has the queues, objects and triggers that this repository deploys",
	(worker, name) => {
		const config = configOf(`templates/${worker}/wrangler.jsonc`, name);
		expect(config).toEqual(configOf("wrangler.toml", "tidings"));
		expect(config.queues.consumers).toHaveLength(3);
	},
);

// The others start below, from the same bundles.
test("the configuration of hono-api can be deployed", async () => {
	expect(await deployedSize(join(folder, "hono-api"))).toBeGreaterThan(0);
});

test("many-workers/owner compiles only if the bindings of its configuration exist", async () => {
	const owner = join(folder, "many-workers/owner");
	const path = join(owner, "tidings.config.ts");
	const config = await readFile(path, "utf8");
	await writeFile(path, config.replace('"MAIL"', '"MALI"'));
	const errors = await typeErrors(owner);
	await writeFile(path, config);
	expect(errors).toMatch(
		/tidings\.config\.ts.*Type '"MALI"' is not assignable to type/,
	);
});

test("the tests of all templates pass", async () => {
	const vitest = binOf("vitest", "vitest.mjs");
	const report = join(folder, "report.json");
	await writeFile(
		join(folder, "vitest.config.ts"),
		`export default { test: { projects: ${JSON.stringify(WORKERS)} } };`,
	);
	const args = ["--root", folder, "--reporter", "json", "--outputFile", report];
	await run(process.execPath, [vitest, "run", ...args], { cwd: folder });
	expect(JSON.parse(await readFile(report, "utf8"))).toMatchObject({
		numPassedTests: 8,
		numTotalTests: 8,
	});
});

/** What each template serves its orders with, and what its handlers log. */
const SHOPS = [
	{ at: "my-app", owner: "one-worker", says: ["receipt for ID to ada@"] },
	{ at: "my-api", owner: "hono-api", says: ["receipt for ID to ada@"] },
	{
		at: "storefront",
		owner: "many-workers/owner",
		says: ["receipt for ID to ada@", "counted ID over 5"],
	},
];

describe("all templates on one runtime", () => {
	const harness = createTestHarness({
		root: folder,
		workers: WORKERS.map((worker) => ({
			configPath: `${worker}/wrangler.jsonc`,
		})),
	});
	beforeAll(() => harness.listen());
	afterAll(() => harness.close());

	test.each(SHOPS)(
		"an order at $at reaches every handler, an invalid order is rejected, and the local key admits to the API",
		async ({ at, owner, says }) => {
			const order = (body: string) =>
				harness.getWorker(at).fetch("/orders", { method: "POST", body });
			const accepted = await order(
				'{ "email": "ada@example.com", "total": 5 }',
			);
			expect(accepted.status).toBe(202);
			const { orderId } = (await accepted.json()) as { orderId: string };
			const said = () =>
				harness
					.getLogs()
					.map(({ message }) => message)
					.join("\n");
			for (const line of says)
				await vi.waitFor(
					() => expect(said()).toContain(line.replace("ID", orderId)),
					{ timeout: 30_000, interval: 50 },
				);
			const refused = await order('{ "email": "nobody" }');
			expect(refused.status).toBe(400);
			expect(await refused.json()).toEqual({
				error: expect.stringContaining(
					'does not match the schema of "order.placed"',
				),
			});
			expect((await order("no JSON")).status).toBe(400);
			const { TIDINGS_KEY } = variablesIn(
				await readFile(join(folder, owner, ".dev.vars"), "utf8"),
			);
			const name = at === "storefront" ? "tidings" : at;
			const list = await harness.getWorker(name).fetch("/v1/events", {
				headers: { authorization: `Bearer ${TIDINGS_KEY}` },
			});
			expect(list.status).toBe(200);
		},
	);

	test("hono-api has a dashboard", async () => {
		const page = await harness.getWorker("my-api").fetch("/_tidings");
		expect(await page.text()).toContain("<title>");
	});
});
