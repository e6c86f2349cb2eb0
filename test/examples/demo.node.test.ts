/** Runs `npm run demo`, and `npm run demo -- --keep` next to it: they mostly wait. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { afterAll, test, vi } from "vitest";

const wait = { timeout: 60_000, interval: 50 };
const running = new Set<ChildProcess>();

// A test that fails must leave no process.
afterAll(() => {
	for (const child of running) signalTo(child, "SIGKILL");
});

/** To all processes of the demo, as a terminal does for Ctrl-C. */
function signalTo({ pid = 0 }: ChildProcess, signal: NodeJS.Signals): void {
	process.kill(-pid, signal);
}

function start(...args: string[]) {
	const child = spawn("npm", ["run", "--silent", "demo", ...args], {
		cwd: join(import.meta.dirname, "../.."),
		env: {
			...process.env,
			NO_COLOR: "1",
			FORCE_COLOR: undefined,
			// vitest sets it. Without it, the dashboard is open on this machine.
			NODE_ENV: undefined,
		},
		detached: true,
	});
	running.add(child);
	const said = { stdout: "", stderr: "" };
	for (const name of ["stdout", "stderr"] as const)
		child[name].on("data", (data) => {
			said[name] += data;
		});
	// It closes when the last process that can print has ended.
	const ended = once(child, "close").then(([code, signal]) => {
		running.delete(child);
		return { code, signal, stderr: said.stderr };
	});
	return { child, said, ended };
}

test.concurrent("the demo exits with every event accounted for", async ({
	expect,
}) => {
	const { said, ended } = start();
	expect(await ended).toEqual({ code: 0, signal: null, stderr: "" });
	for (const words of [
		"published",
		"scheduled for",
		"rescheduled for",
		"cancelled",
		"is due, queued",
		"ignored: no handler matches",
		"attempt 1 failed: the warehouse is busy, retrying in 1 s",
		"delivered by attempt 3",
		"attempt 2 failed: the ledger is closed for good, dead: exhausted",
		"attempt 2 failed: the handler did not end within 500 ms, dead: exhausted",
		"no mail can reach grace@example.invalid, dead: non_retryable",
		"replayed",
		"discarded",
		"10 events were accepted, with 30 deliveries: 19 delivered, 9 dead, 2 cancelled",
		"every event is accounted for",
	])
		expect(said.stdout).toContain(words);
	expect(said.stdout).not.toContain("missing");
});

for (const signal of ["SIGINT", "SIGTERM"] as const)
	test.concurrent(`the demo with --keep serves the dashboard at the address that it prints, until ${signal} ends it`, async ({
		expect,
	}) => {
		const { child, said, ended } = start("--", "--keep");
		const address = await vi.waitFor(() => {
			const [, url] = /^The dashboard: (\S+)$/m.exec(said.stdout) ?? [];
			if (url !== undefined) return url;
			throw new Error(`no address in: ${said.stdout}${said.stderr}`);
		}, wait);
		expect(said.stdout).toContain("every event is accounted for");
		const page = await fetch(`${address}dead-letters`);
		expect(page.status).toBe(200);
		expect(await page.text()).toContain("the ledger is closed for good");
		signalTo(child, signal);
		expect(await ended).toEqual({ code: null, signal, stderr: "" });
		await vi.waitFor(
			() => expect(fetch(address)).rejects.toThrow("fetch failed"),
			wait,
		);
	});
