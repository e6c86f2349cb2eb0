/** Runs `npm run demo:inbox`. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

test("the demo of the apps exits with every request and every event accounted for", async () => {
	const {
		stdout,
		stderr,
		code = 0,
	} = await promisify(execFile)("npm", ["run", "--silent", "demo:inbox"], {
		cwd: join(import.meta.dirname, "../.."),
		env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: undefined },
		timeout: 60_000,
	}).catch((error) => error);
	for (const words of [
		"→ mail service: PUT /webhook",
		"has a wrong signature",
		"delivered m1 for ada@example.com, answered 202",
		"delivered m1 again, answered 202",
		"scheduled for",
		"→ calendar service: DELETE /webhook",
		"→ mail service: DELETE /webhook",
		"delivered late, answered 410",
		"kept: /notifications/m1.json",
		"kept: /notifications/m2.json",
		"kept: /reminders/s1.json",
		"3 files are kept, and nothing is missing.",
	])
		expect(stdout).toContain(words);
	expect(stdout).not.toContain("missing:");
	expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
});
