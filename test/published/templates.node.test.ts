/** The templates, copied out of the repository and built with the published package. */
import { mkdtempSync, rmSync } from "node:fs";
import { cp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
	afterAll,
	beforeAll,
	describe,
	expect,
	inject,
	test,
	vi,
} from "vitest";
import { createTestHarness } from "wrangler";
import {
	deployedSize,
	install,
	manifest,
	typeErrors,
	wrangler,
} from "./project.ts";

const root = join(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "tidings-templates-"));
const OWNERS = ["one-worker", "many-workers/owner"];
const WORKERS = [...OWNERS, "many-workers/storefront", "many-workers/mail"];

beforeAll(async () => {
	await cp(join(root, "templates"), folder, {
		recursive: true,
		filter: (path) => !/\/(node_modules|\.wrangler)$/.test(path),
	});
	for (const worker of WORKERS)
		await install(inject("tarball"), join(folder, worker));
});
afterAll(() => rmSync(folder, { recursive: true }));

const textOf = (path: string) => readFile(join(root, path), "utf8");

describe.each(WORKERS)("%s", (worker) => {
	test("compiles, including the declarations of packages", async () => {
		expect(await typeErrors(join(folder, worker))).toBe("");
	});

	test("can be deployed", async () => {
		expect(await deployedSize(join(folder, worker))).toBeGreaterThan(0);
	});

	test("depends on the versions that are tested here", async () => {
		const template = JSON.parse(
			await textOf(`templates/${worker}/package.json`),
		);
		const asked = { ...template.dependencies, ...template.devDependencies };
		const { packages } = JSON.parse(await textOf("package-lock.json"));
		for (const [name, range] of Object.entries<string>(asked)) {
			const path = name === "tidings" ? "" : `node_modules/${name}`;
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

test.each(OWNERS)(
	"%s has the queues, objects and triggers that this repository deploys",
	async (worker) => {
		const config = await textOf(`templates/${worker}/wrangler.toml`);
		const own = config
			.replaceAll("my-app", "tidings")
			.replace("src/index.ts", "src/main.ts");
		// Its service bindings come last.
		expect(own.replace(/\n# [^\n]*\n\[\[services\]\].*/s, "")).toBe(
			await textOf("wrangler.toml"),
		);
	},
);

test("many-workers/owner compiles only if the bindings of its configuration exist", async () => {
	const owner = join(folder, "many-workers/owner");
	const { scripts } = JSON.parse(
		await textOf("templates/many-workers/owner/package.json"),
	);
	expect(scripts.types).toBe("wrangler types --include-runtime=false && tsc");
	await wrangler(owner, "types", "--include-runtime=false");
	expect(await typeErrors(owner)).toBe("");
	const path = join(owner, "tidings.config.ts");
	const config = await readFile(path, "utf8");
	await writeFile(path, config.replace('"MAIL"', '"MALI"'));
	const errors = await typeErrors(owner);
	await writeFile(path, config);
	expect(errors).toMatch(
		/tidings\.config\.ts.*Type '"MALI"' is not assignable to type/,
	);
});

const MANY = ["storefront", "owner", "mail"].map(
	(worker) => `many-workers/${worker}`,
);

test.each([
	{ says: ["receipt for ID to ada@"], workers: ["one-worker"] },
	{ says: ["receipt for ID to ada@", "counted ID over 5"], workers: MANY },
])(
	"an order at $workers.0 reaches every handler, and an invalid order is rejected",
	async ({ says, workers }) => {
		const harness = createTestHarness({
			root: folder,
			workers: workers.map((worker) => ({
				configPath: `${worker}/wrangler.toml`,
			})),
		});
		try {
			await harness.listen();
			const order = (body: string) =>
				harness.fetch("/orders", { method: "POST", body });
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
		} finally {
			await harness.close();
		}
	},
);
