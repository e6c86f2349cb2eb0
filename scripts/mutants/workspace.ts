/** A copy of the repository, and the fast tests run in it, cheapest first, until one fails. */
import { spawn } from "node:child_process";
import {
	cpSync,
	existsSync,
	mkdtempSync,
	readFileSync,
	rmSync,
	symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, sep } from "node:path";

/** Not copied: what is large, or made by a run. */
const LEFT_OUT = [
	".git",
	".stryker-tmp",
	".wrangler",
	"node_modules",
	"reports",
];

/** One runtime for all files of a stage: a start for each takes longer than its tests. */
const ON_WORKERD = ["run", "--project", "workerd", "--no-isolate"];

/** What is run for a broken file, in this order: the cheapest first. A stage without tests passes. */
const stagesFor = (file: string | undefined) => [
	[...(file ? ["related", file, "--run"] : ["run"]), "--project", "rules"],
	[
		...ON_WORKERD,
		...["test/queue", "test/outages", "test/objects/", "test/events"],
		...["test/publish", "test/schedule", "test/deliver", "test/batch"],
		...["test/worker", "test/workflow", "test/tokens"],
		...["test/consumers.test", "test/consumer-outages"],
		"test/dialects/apps/",
		...["http.", "rpc.", "keys.", "problem."].map(
			(door) => `test/entrypoints/${door}`,
		),
	],
	[
		...ON_WORKERD,
		...["test/life-of-an-event", "test/bad-input", "test/large-events"],
		"test/entrypoints/http-fuzz",
	],
	// These keep what a module learns as it is loaded, so each file needs a runtime of its own.
	["run", "--project", "workerd", "test/modules", "test/configure"],
	["run", "--project", "workerd", "test/shards"],
	["run", "--project", "lanes"],
	["run", "--project", "apps"],
	["run", "--project", "seeds"],
	["run", "--project", "simulation", "test/simulation/simulation"],
];

/** A stage that takes longer than this, in milliseconds, hangs: the break was noticed. */
const STAGE_TIME = 300_000;

/** What is left of each run, to be ended and removed when the script is. */
const running = new Set<number>();
const copies = new Set<string>();

/** @param root of the repository */
export function copyOf(root: string): string {
	const copy = mkdtempSync(join(tmpdir(), "tidings-mutants-"));
	copies.add(copy);
	cpSync(root, copy, {
		recursive: true,
		filter: (path) =>
			!LEFT_OUT.some((name) => path === join(root, name)) &&
			!path.endsWith(`${sep}.wrangler`),
	});
	symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
	return copy;
}

/** Ends what still runs, by its process group, and removes the copies. */
export function cleanUp(): void {
	for (const group of running) end(group);
	for (const copy of copies) rmSync(copy, { recursive: true, force: true });
}

/** Runs the fast tests that could notice a break of this file, or all; the answer is the first that failed, if any did. */
export async function firstFailure(
	copy: string,
	file?: string,
): Promise<string | undefined> {
	for (const stage of stagesFor(file)) {
		const failed = await failureOf(stage, copy);
		if (failed !== undefined) return failed;
	}
	return undefined;
}

async function failureOf(
	stage: readonly string[],
	copy: string,
): Promise<string | undefined> {
	const report = join(copy, "mutants.report.json");
	rmSync(report, { force: true });
	const code = await vitest(
		[
			...[...stage, "--bail=1", "--passWithNoTests", "--testTimeout=30000"],
			...["--reporter=json", `--outputFile=${report}`],
		],
		copy,
	);
	if (code === 0) return undefined;
	if (code === "late") return `(${stage.join(" ")} did not end in time)`;
	return failedIn(report, copy) ?? `(${stage.join(" ")} ended with ${code})`;
}

/** In a process group of its own, so that the runtimes which it starts end with it. */
function vitest(args: string[], cwd: string): Promise<number | "late"> {
	const bin = join(cwd, "node_modules/vitest/vitest.mjs");
	const child = spawn(process.execPath, [bin, ...args], {
		cwd,
		detached: true,
		stdio: "ignore",
		env: { ...process.env, CI: "true", WRANGLER_SEND_METRICS: "false" },
	});
	const group = child.pid as number;
	running.add(group);
	return new Promise((resolve) => {
		const late = setTimeout(() => {
			end(group);
			resolve("late");
		}, STAGE_TIME);
		child.on("close", (code) => {
			clearTimeout(late);
			running.delete(group);
			resolve(code ?? -1);
		});
	});
}

function end(group: number): void {
	try {
		process.kill(-group, "SIGKILL");
	} catch {
		// It has ended by itself.
	}
}

interface Report {
	testResults: {
		name: string;
		status: string;
		message: string;
		assertionResults: { status: string; fullName: string }[];
	}[];
}

/** A test that failed tells more than a file: those that bail cut short have failed as well. */
function failedIn(report: string, copy: string): string | undefined {
	if (!existsSync(report)) return undefined;
	const { testResults } = JSON.parse(readFileSync(report, "utf8")) as Report;
	const files = testResults.filter(({ status }) => status === "failed");
	const tests = files.flatMap(({ name, assertionResults }) =>
		assertionResults
			.filter(({ status }) => status === "failed")
			.map(({ fullName }) => ({ name, why: fullName })),
	);
	const unloaded = files.map(({ name, message }) => ({
		name,
		why: message.split("\n", 1)[0],
	}));
	const [first] = [...tests, ...unloaded.filter(({ why }) => why)];
	return first && `${first.name.replace(`${copy}${sep}`, "")}: ${first.why}`;
}
