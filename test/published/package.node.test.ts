/** What the tarball contains, what it declares, and what npm makes of it in a project. */
import { execFile, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, normalize } from "node:path";
import { promisify } from "node:util";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { anchorsIn } from "../docs/documents.ts";
import { binOf, filesOf, manifest, root } from "./project.ts";

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), "tidings-package-"));
const unpacked = join(folder, "package");
const tarball = inject("tarball");
let files: string[] = [];

beforeAll(async () => {
	files = await filesOf(tarball);
	await run("tar", ["-xzf", tarball, "-C", folder]);
});
afterAll(() => rmSync(folder, { recursive: true }));

const textOf = (path: string) => readFile(join(unpacked, path), "utf8");

describe("the package", () => {
	test("contains the built files with their types and maps, the source, the documents, examples and templates", () => {
		const others = files.filter(
			(file) =>
				!/^dist\/.+\.(js|d\.ts)(\.map)?$|^src\/.+\.tsx?$|^docs\/.+\.(md|png)$|^(examples|templates)\//.test(
					file,
				),
		);
		expect(others.sort()).toEqual([
			"AGENTS.md",
			"CHANGELOG.md",
			"CONTRIBUTING.md",
			"LICENSE",
			"NOTICE",
			"README.md",
			"SECURITY.md",
			"llms.txt",
			"package.json",
			"tidings.config.ts",
			"wrangler.toml",
		]);
		expect(files).not.toContain("src/main.ts");
		expect(files).toContain("dist/bin/cli/main.js");
		expect(files).toContain("examples/local.dev.vars");
		const built = files.filter((file) => /^dist\/(?!bin\/).+\.js$/.test(file));
		const source = files.filter((file) => file.startsWith("src/"));
		expect(built.length).toBe(source.length);
	});

	test("contains no secrets, and nothing that a run of an example or template leaves behind", () => {
		const left =
			/(^|\/)(\.dev\.vars|\.wrangler|node_modules|api-keys\.json|worker-configuration\.d\.ts|package-lock\.json)(\/|$)/;
		expect(files.filter((file) => left.test(file))).toEqual([]);
	});

	test("contains each entry point, with its types first and source maps to existing files", async () => {
		const { "./package.json": own, ...entryPoints } = manifest.exports;
		expect(own).toBe("./package.json");
		expect(Object.keys(entryPoints)).toContain("./worker");
		for (const entryPoint of Object.values(entryPoints)) {
			const targets = Object.entries(entryPoint);
			expect(targets.map(([name]) => name)).toEqual(["types", "default"]);
			for (const [, path] of targets) {
				const file = normalize(path);
				expect(files).toEqual(expect.arrayContaining([file, `${file}.map`]));
				const [source] = JSON.parse(await textOf(`${file}.map`)).sources;
				expect(files).toContain(join(dirname(file), source));
			}
		}
	});

	test("has no link in a document to a file or heading that it does not contain", async () => {
		const documents = files.filter((file) => /\.md$|^llms\.txt$/.test(file));
		const broken: string[] = [];
		let count = 0;
		for (const document of documents)
			for (const [, link = ""] of (await textOf(document)).matchAll(
				/\]\(([^)\s]+)\)/g,
			)) {
				if (/^https?:/.test(link)) continue;
				count += 1;
				const [path = "", anchor] = link.split("#");
				const target = path === "" ? document : join(dirname(document), path);
				const leads =
					files.includes(target) &&
					(anchor === undefined ||
						anchorsIn(await textOf(target)).includes(anchor));
				if (!leads) broken.push(`${document}: ${link}`);
			}
		expect(broken).toEqual([]);
		expect(count).toBeGreaterThan(150);
	});

	test("has no problem that publint or attw knows, for ES modules", async () => {
		const { messages, pkg } = await publint({
			pkgDir: unpacked,
			pack: false,
			strict: true,
		});
		expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
		const attw = binOf("@arethetypeswrong/cli", "dist/index.js");
		const args = ["--profile", "esm-only", "--format", "json"];
		const { stdout } = await run(process.execPath, [attw, tarball, ...args]);
		const { analysis } = JSON.parse(stdout);
		const ignored = ["node10", "node16-cjs"];
		expect(
			analysis.problems.filter(
				({ resolutionKind }: { resolutionKind: string }) =>
					!ignored.includes(resolutionKind),
			),
		).toEqual([]);
	}, 30_000);
});

/** The libraries of which a project should have one copy, in versions that do not exist yet. */
const NEWER: Record<string, string> = { zod: "4.999.0", hono: "4.999.0" };

/** The one that `npm create cloudflare` installs: another range of the package would stop the installation. */
const VITEST = "4.1.11";

describe("npm install of the package, with empty libraries in place of its dependencies", () => {
	const project = join(folder, "project");
	let output = "";

	beforeAll(async () => {
		const dependencies: Record<string, string> = { tidings: `file:${tarball}` };
		const libraries = { ...manifest.dependencies, vitest: `^${VITEST}` };
		for (const [name, range] of Object.entries(libraries)) {
			const version = NEWER[name] ?? range.slice(1);
			dependencies[name] = `file:${join(folder, "libraries", name)}`;
			await mkdir(join(folder, "libraries", name), { recursive: true });
			await writeFile(
				join(folder, "libraries", name, "package.json"),
				JSON.stringify({ name, version }),
			);
		}
		await mkdir(project);
		await writeFile(
			join(project, "package.json"),
			JSON.stringify({ private: true, dependencies }),
		);
		// Offline, an exact pin of another version than the project's would have to be fetched, and would fail.
		const { stdout, stderr } = await run(
			"npm",
			["install", "--offline", "--no-audit", "--no-fund"],
			{ cwd: project },
		);
		output = stdout + stderr;
	});

	test("adds no second copy of a library that the project has in a newer version", () => {
		const lock = JSON.parse(
			readFileSync(join(project, "package-lock.json"), "utf8"),
		);
		const nested = Object.keys(lock.packages).filter((path) =>
			path.startsWith("node_modules/tidings/"),
		);
		expect(nested).toEqual([]);
	});

	test("prints no warning: the package has no script that npm would run", () => {
		expect(output).not.toContain("warn");
	});
});

test("a release is refused while the owner of the repository is a placeholder", () => {
	const check = join(root, "scripts/check-release.ts");
	const { status, stderr } = spawnSync(process.execPath, [check], {
		encoding: "utf8",
		env: { ...process.env, GITHUB_REF_TYPE: "tag", GITHUB_REF_NAME: "v0.0.9" },
	});
	expect(status).toBe(1);
	expect(stderr).toContain("package.json has the placeholder OWNER");
	expect(stderr).toContain("the tag v0.0.9 is not the version");
	expect(manifest.scripts.prepublishOnly).toBe("npm run -s check:release");
});
