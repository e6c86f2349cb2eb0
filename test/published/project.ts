/** Packs the package, and installs it into a folder without the network. */
import { execFile } from "node:child_process";
import { mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
export const root = join(import.meta.dirname, "../..");
/** This repository has the package under its former name. */
export const installedAs = (name: string) =>
	name.replace("@cloudflare/vitest-plugin", "@cloudflare/vitest-pool-workers");
const installed = (name: string) =>
	join(root, "node_modules", installedAs(name));
export const binOf = (name: string, path: string) =>
	join(
		dirname(createRequire(import.meta.url).resolve(`${name}/package.json`)),
		path,
	);

export const manifest: {
	version: string;
	repository?: { url: string };
	exports: Record<string, { types: string; default: string } | string>;
	scripts: Record<string, string>;
	dependencies: Record<string, string>;
	devDependencies: Record<string, string>;
} = JSON.parse(await readFile(join(root, "package.json"), "utf8"));

/** Builds and packs the package into a folder. Returns the path of the tarball. */
export async function pack(folder: string): Promise<string> {
	await run("npm", ["pack", "--silent", "--pack-destination", folder], {
		cwd: root,
	});
	return join(folder, `tidings-${manifest.version}.tgz`);
}

/** Returns the paths of all files in a tarball. */
export async function filesOf(tarball: string): Promise<string[]> {
	const { stdout } = await run("tar", ["-tzf", tarball]);
	return stdout
		.trim()
		.split("\n")
		.map((path) => path.replace(/^package\//, ""));
}

/**
 * Installs a tarball into a folder, which may contain a project, also with workspaces. Dependencies and development
 * dependencies are linked to this repository's.
 */
export async function install(tarball: string, folder: string): Promise<void> {
	await mkdir(folder, { recursive: true });
	const project = await manifestIn(folder);
	const workspaces = await Promise.all(
		(project.workspaces ?? []).map((name) => manifestIn(join(folder, name))),
	);
	const all = [project, ...workspaces];
	const local: Record<string, string> = { tidings: `file:${tarball}` };
	const needed = all.flatMap(({ dependencies }) =>
		Object.keys(dependencies ?? {}),
	);
	for (const name of [...Object.keys(manifest.dependencies), ...needed])
		if (name !== "tidings") local[name] = `file:${installed(name)}`;
	await writeFile(
		join(folder, "package.json"),
		JSON.stringify({ type: "module", dependencies: local }),
	);
	await run(
		"npm",
		["install", "--offline", "--ignore-scripts", "--no-audit", "--no-fund"],
		{ cwd: folder },
	);
	const tools = all.flatMap(({ devDependencies }) =>
		Object.keys(devDependencies ?? {}),
	);
	const types = ["@cloudflare/workers-types", "@types/node"];
	for (const name of new Set([...types, ...tools])) {
		const link = join(folder, "node_modules", name);
		await mkdir(dirname(link), { recursive: true });
		await symlink(installed(name), link, "dir");
	}
}

interface Manifest {
	dependencies?: Record<string, string>;
	devDependencies?: Record<string, string>;
	workspaces?: string[];
}

async function manifestIn(folder: string): Promise<Manifest> {
	const path = join(folder, "package.json");
	return JSON.parse(await readFile(path, "utf8").catch(() => "{}"));
}

/** Returns the compiler's errors in a project; empty without errors. */
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

/** Builds a Worker like a deploy. Returns its gzipped size in KiB. */
export async function deployedSize(
	folder: string,
	...args: string[]
): Promise<number> {
	const { stdout, stderr } = await wrangler(
		folder,
		"deploy",
		...args,
		"--dry-run",
	);
	const [, size] = /gzip: ([\d.]+) KiB/.exec(stdout) ?? [];
	if (size === undefined)
		throw new Error(`wrangler printed no size:\n${stdout}${stderr}`);
	return Number(size);
}

/**
 * Returns the CPU time of a Worker's start, in milliseconds: the minimum of up to five starts, because other load only
 * adds to it.
 *
 * @param enough stops once the time is below this
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
		"deploy",
		"-c",
		config,
		"--dry-run",
		"--outfile",
		bundle,
	);
	let least = Number.POSITIVE_INFINITY;
	for (let start = 0; start < 5 && least >= enough; start++) {
		await wrangler(
			folder,
			"check",
			"startup",
			"--worker",
			bundle,
			"--outfile",
			path,
		);
		least = Math.min(least, activeIn(JSON.parse(await readFile(path, "utf8"))));
		await rm(path);
	}
	return least;
}

/** The part of a V8 profile that is read. */
interface Profile {
	nodes: { id: number; callFrame: { functionName: string } }[];
	samples: number[];
	/** Microseconds. */
	timeDeltas: number[];
}

/** Returns the milliseconds that were not idle. */
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
