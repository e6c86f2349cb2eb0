/** The package as it is published, in a folder of its own: packed, and installed without the network. */
import { execFile } from "node:child_process";
import { mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const root = join(import.meta.dirname, "../..");
const installed = (name: string) => join(root, "node_modules", name);
const binOf = (name: string, path: string) =>
	join(
		dirname(createRequire(import.meta.url).resolve(`${name}/package.json`)),
		path,
	);

export const manifest: {
	version: string;
	repository?: { url: string };
	exports: Record<string, string>;
	dependencies: Record<string, string>;
	devDependencies: Record<string, string>;
} = JSON.parse(await readFile(join(root, "package.json"), "utf8"));

/** Builds and packs the package into a folder; the answer is the tarball's path. */
export async function pack(folder: string): Promise<string> {
	await run("npm", ["pack", "--silent", "--pack-destination", folder], {
		cwd: root,
	});
	return join(folder, `tidings-${manifest.version}.tgz`);
}

/** The files of a tarball, by their paths in the package. */
export async function filesOf(tarball: string): Promise<string[]> {
	const { stdout } = await run("tar", ["-tzf", tarball]);
	return stdout
		.trim()
		.split("\n")
		.map((path) => path.replace(/^package\//, ""));
}

/**
 * Installs a tarball into a folder that has a project's files, or none. What the package depends on, and what
 * the project is developed with, are those of this repository.
 */
export async function install(tarball: string, folder: string): Promise<void> {
	await mkdir(folder, { recursive: true });
	const path = join(folder, "package.json");
	const { dependencies, ...project } = JSON.parse(
		await readFile(path, "utf8").catch(() => '{ "type": "module" }'),
	);
	const local: Record<string, string> = { tidings: `file:${tarball}` };
	const needed = { ...manifest.dependencies, ...dependencies };
	for (const name of Object.keys(needed))
		if (name !== "tidings") local[name] = `file:${installed(name)}`;
	const { devDependencies = {}, ...rest } = project;
	await writeFile(path, JSON.stringify({ ...rest, dependencies: local }));
	await run(
		"npm",
		["install", "--offline", "--ignore-scripts", "--no-audit", "--no-fund"],
		{ cwd: folder },
	);
	const types = ["@cloudflare/workers-types", "@types/node"];
	for (const name of new Set([...types, ...Object.keys(devDependencies)])) {
		const link = join(folder, "node_modules", name);
		await mkdir(dirname(link), { recursive: true });
		await symlink(installed(name), link, "dir");
	}
}

/** What the compiler finds wrong with a project: nothing when all is well. */
export async function typeErrors(folder: string): Promise<string> {
	const tsc = binOf("typescript", "bin/tsc");
	const { stdout } = await run(process.execPath, [tsc, "-p", folder]).catch(
		({ stdout }) => ({ stdout }),
	);
	return stdout;
}

/** Runs wrangler in a project. */
export function wrangler(folder: string, ...args: string[]) {
	return run(
		process.execPath,
		[binOf("wrangler", "bin/wrangler.js"), ...args],
		{ cwd: folder, env: { ...process.env, WRANGLER_SEND_METRICS: "false" } },
	);
}

/** Builds a Worker as a deploy would; the answer is how many KiB are uploaded, compressed. */
export async function deployedSize(
	folder: string,
	...args: string[]
): Promise<number> {
	const { stdout, stderr } = await wrangler(
		folder,
		...["deploy", ...args, "--dry-run"],
	);
	const [, size] = /gzip: ([\d.]+) KiB/.exec(stdout) ?? [];
	if (size === undefined)
		throw new Error(`no size was told:\n${stdout}${stderr}`);
	return Number(size);
}

/**
 * How long a Worker's modules keep the processor when it starts, in milliseconds: the least of some starts, each in
 * a runtime of its own, for a busy machine only ever adds to it.
 *
 * @param enough no further start once it is below this
 */
export async function startupTime(
	folder: string,
	config: string,
	enough: number,
): Promise<number> {
	const bundle = join(folder, "startup.bundle");
	const path = join(folder, "startup.cpuprofile");
	await wrangler(
		folder,
		...["deploy", "-c", config, "--dry-run", "--outfile", bundle],
	);
	let least = Number.POSITIVE_INFINITY;
	for (let start = 0; start < 5 && least >= enough; start++) {
		await wrangler(
			folder,
			...["check", "startup", "--worker", bundle, "--outfile", path],
		);
		least = Math.min(least, activeIn(JSON.parse(await readFile(path, "utf8"))));
		await rm(path);
	}
	return least;
}

/** What is read of a profile as V8 writes it. */
interface Profile {
	nodes: { id: number; callFrame: { functionName: string } }[];
	samples: number[];
	/** Microseconds. */
	timeDeltas: number[];
}

/** Milliseconds in which something ran. */
function activeIn({ nodes, samples, timeDeltas }: Profile): number {
	const idle = new Set(
		nodes.flatMap(({ id, callFrame }) =>
			callFrame.functionName === "(idle)" ? id : [],
		),
	);
	const active = samples.map((id, index) =>
		idle.has(id) ? 0 : (timeDeltas[index] ?? 0),
	);
	return active.reduce((sum, one) => sum + one, 0) / 1_000;
}
