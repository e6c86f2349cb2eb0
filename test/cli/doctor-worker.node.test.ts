/**
 * `tidings doctor` and `selftest` as a person would run them: on a broken configuration and the Worker that runs with
 * it.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { tmpdir } from "node:os";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestHarness } from "wrangler";

const KEY = "tid_doctor_secret-of-doctor";
const digest = createHash("sha256").update(KEY).digest("hex");
const API_KEYS = JSON.stringify([{ id: "doctor", scopes: ["admin"], digest }]);
const root = new URL("../..", import.meta.url).pathname;
const config = `${root}test/cli/broken/wrangler.jsonc`;

const harness = createTestHarness({
	root: `${root}test/cli/broken`,
	workers: [{ configPath: "wrangler.jsonc", secrets: { API_KEYS } }],
});
let url: URL;

beforeAll(async () => {
	({ url } = await harness.listen());
});
afterAll(() => harness.close());

function doctor(...args: string[]) {
	return new Promise<{ code: unknown; out: string; error: string }>((resolve) =>
		execFile(
			process.execPath,
			[`${root}cli/main.ts`, ...args, "doctor", "--config", config],
			(failure, out, error) =>
				resolve({ code: failure?.code ?? 0, out, error }),
		),
	);
}

test("the findings of the file and of the Worker are printed with lines in the file's format; the exit code is 4", async () => {
	const { code, out, error } = await doctor("--url", url.href, "--key", KEY);
	expect({ code, error }).toEqual({ code: 4, error: "" });
	expect(out).toContain('    "queues": {\n    \t"consumers": [');
	const found = out.match(/^(error|warning) \w+/gm)?.sort();
	expect(found).toEqual([
		"error consumer_missing",
		"error consumer_missing",
		"error cron_missing",
		"error dead_letter_queue_missing",
		"error flag_missing",
		"error store_unavailable",
		"error worker_unreachable",
		"warning api_keys_missing",
		"warning consumer_settings",
		"warning minify_missing",
		"warning object_missing",
	]);
}, 60_000);

test("without a configuration, a URL is enough to check the Worker; without both, it is wrong usage", async () => {
	const run = (...args: string[]) =>
		promisify(execFile)(
			process.execPath,
			[`${root}cli/main.ts`, "--json", ...args],
			{ cwd: tmpdir() },
		).catch((error) => error);
	const { code, stdout } = await run("--url", url.href, "--key", KEY, "doctor");
	const { checked, findings } = JSON.parse(stdout);
	expect({ code, checked }).toEqual({
		code: 4,
		checked: { config: null, worker: url.href },
	});
	expect(findings).toHaveLength(5);
	for (const args of [
		["doctor"],
		["--url", url.href, "--key", KEY, "doctor", "--env", "staging"],
	])
		expect(await run(...args)).toMatchObject({
			code: 2,
			stderr: expect.stringContaining("npx tidings init"),
		});
}, 60_000);

test("a key that the Worker rejects and a Worker that is not reached are findings", async () => {
	for (const [args, expected] of [
		[["--url", url.href, "--key", "tid_x_y"], "key_rejected"],
		[["--url", "http://127.0.0.1:9", "--key", "tid_x_y"], "owner_unreachable"],
	] as const) {
		const { code, out } = await doctor("--json", ...args);
		const { checked, findings } = JSON.parse(out);
		expect({ code, checked }).toEqual({
			code: 4,
			checked: { config, worker: args[1] },
		});
		expect(findings.map((one: { code: string }) => one.code)).toContain(
			expected,
		);
	}
}, 60_000);

test("selftest names the links that are broken: two queues without a consumer, and a bound Worker that does not respond", async () => {
	const run = promisify(execFile);
	const args = ["--url", url.href, "--key", KEY, "--json", "selftest"];
	const main = `${root}cli/main.ts`;
	const { code, stdout, stderr } = await run(process.execPath, [
		main,
		...args,
		"--timeout",
		"5 seconds",
	]).catch((error) => error);
	const { state, canaries } = JSON.parse(stdout);
	expect({ code, state }).toEqual({ code: 4, state: "running" });
	const passed = canaries.filter(
		(one: { state: string }) => one.state === "passed",
	);
	expect(passed.map(({ name }: { name: string }) => name)).toEqual(
		expect.arrayContaining(["immediate", "batched", "large", "scheduled"]),
	);
	for (const line of [
		/^retried after 5 s: no second attempt: does the queue for retries/m,
		/^dead after 5 s: no dead letter: does the queue for dead letters/m,
		/^replayed after 5 s: no dead letter/m,
		/^worker mail after 5 s: the Worker mail was not reached: /m,
	])
		expect(stderr).toMatch(line);
}, 60_000);
