/** Runs `npm run demo`. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

test("the demo exits with every event accounted for", async () => {
	const {
		stdout,
		stderr,
		code = 0,
	} = await promisify(execFile)("npm", ["run", "--silent", "demo"], {
		cwd: join(import.meta.dirname, "../.."),
		env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: undefined },
		timeout: 60_000,
	}).catch((error) => error);
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
		expect(stdout).toContain(words);
	expect(stdout).not.toContain("missing");
	expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
});
