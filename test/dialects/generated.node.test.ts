/** The generated imports of the samples are those that the generator writes. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";

const script = join(import.meta.dirname, "../../scripts/generate.ts");

test.each([
	["ampt", []],
	["sst", ["packages/functions/src/events"]],
	["tsc-run", []],
])("the generated import of %s is current", (product, sources) => {
	const { status, stderr } = spawnSync(
		process.execPath,
		[script, "generate", "--check", ...sources],
		{ cwd: join(import.meta.dirname, product), encoding: "utf8" },
	);
	expect(stderr).toBe("");
	expect(status).toBe(0);
});
