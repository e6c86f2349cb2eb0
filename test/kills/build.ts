/** Builds the Worker once, like a deploy. */
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const WORKER = join(import.meta.dirname, "worker");

export const CONFIG = join(WORKER, "wrangler.toml");

/** A folder that wrangler leaves behind when it is killed. */
export const WRANGLER_FOLDER = join(WORKER, ".wrangler");

const WRANGLER = join(
	dirname(createRequire(import.meta.url).resolve("wrangler/package.json")),
	"bin",
	"wrangler.js",
);

/** @returns the path of the bundle, one module */
export function build(folder: string): string {
	const args = ["deploy", "--dry-run", "--config", CONFIG, "--outdir", folder];
	const { status, stdout, stderr } = spawnSync(
		process.execPath,
		[WRANGLER, ...args],
		{ encoding: "utf8" },
	);
	if (status !== 0)
		throw new Error(`the Worker was not built:\n${stdout}${stderr}`);
	return join(folder, "index.js");
}
