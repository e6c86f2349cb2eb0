/** Starts the Worker like `wrangler dev`: a parent process with its workerd. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { killGroupOf, killWithThisProcess, type Start } from "./runtime.ts";

const PROCESS = join(import.meta.dirname, "dev-server-process.ts");

/** No network, and only the output of the Worker. */
const QUIET = {
	WRANGLER_LOG: "log",
	WRANGLER_WRITE_LOGS: "false",
	WRANGLER_SEND_METRICS: "false",
	WRANGLER_SEND_ERROR_REPORTS: "false",
	CLOUDFLARE_CF_FETCH_ENABLED: "false",
};

export const devServer: Start = async (setting) => {
	const log = openSync(setting.log, "a");
	const child = fork(PROCESS, [JSON.stringify(setting)], {
		stdio: ["ignore", log, log, "ipc"],
		// A killed process leaves files, which are deleted with the folder of the run.
		env: { ...process.env, ...QUIET, TMPDIR: dirname(setting.state) },
		detached: true,
	});
	closeSync(log);
	killWithThisProcess(child);
	const [url] = await Promise.race([
		once(child, "message"),
		once(child, "exit").then(() => {
			throw new Error(
				`the dev server did not start:\n${readFileSync(setting.log, "utf8")}`,
			);
		}),
	]);
	return {
		url,
		async kill(spareParent = false) {
			if (spareParent) killChildren(child.pid as number);
			await killGroupOf(child);
		},
	};
};

/** Kills only workerd, before its parent. */
function killChildren(parent: number): void {
	const children = readFileSync(
		`/proc/${parent}/task/${parent}/children`,
		"utf8",
	);
	for (const pid of children.trim().split(" ").filter(Boolean))
		process.kill(Number(pid), "SIGKILL");
}
