/** Compiles and runs the tests of the guide on testing. */
import { execFile } from "node:child_process";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, expect, test } from "vitest";
import {
	blocksIn,
	blockWith,
	readDocument,
	root,
	typeErrors,
	write,
} from "./documents.ts";

/** Inside the package, so that its own name resolves; ignored by git. */
const folder = join(root, ".wrangler/testing");

/** As the guide's, except that the package by its own name is its source. What runs in Workers is compiled only. */
const CONFIG = `
import { defineConfig } from "vitest/config";
import { tidingsTesting } from "../../src/testing/vitest.ts";

export default defineConfig({
	plugins: [tidingsTesting()],
	test: { exclude: ["test/workers/**"] },
	resolve: {
		alias: [
			{ find: /^tidings$/, replacement: "${root}/src/index.ts" },
			{ find: /^tidings\\/testing$/, replacement: "${root}/src/testing/testing.ts" },
			{ find: /^tidings\\/(.*)$/, replacement: "${root}/src/$1.ts" },
		],
	},
});
`;

beforeAll(async () => {
	await rm(folder, { recursive: true, force: true });
	for (const { path, code } of blocksIn(
		await readDocument("docs/guides/testing.md"),
	))
		if (path) await write(join(folder, path), code);
	await write(join(folder, "run.config.ts"), CONFIG);
	const agents = blockWith(await readDocument("AGENTS.md"), "tidings/testing");
	const events = 'declare const events: import("tidings").Events<{}>;';
	await write(join(folder, "agents.ts"), `${agents}\n${events}`);
});

test("the code of the guide on testing and of AGENTS.md compiles", async () => {
	expect(
		await typeErrors(folder, ["run.config.ts"], "tsconfig.node.json"),
	).toBe("");
});

test("the tests of the guide on testing pass", async () => {
	const vitest = join(root, "node_modules/vitest/vitest.mjs");
	const report = join(folder, "report.json");
	const args = ["--root", folder, "--config", join(folder, "run.config.ts")];
	await promisify(execFile)(
		process.execPath,
		[vitest, "run", ...args, "--reporter", "json", "--outputFile", report],
		{ cwd: folder },
	);
	expect(JSON.parse(await readFile(report, "utf8"))).toMatchObject({
		numPassedTests: 7,
		numTotalTests: 7,
	});
});
