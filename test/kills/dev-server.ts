/** Starts the Worker as `wrangler dev` does: a parent with the workerd that it looks after. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { endsWithUs, killed, type Start } from "./runtime.ts";

const PROCESS = join(import.meta.dirname, "dev-server-process.ts");

/** Off the network, and with what the Worker prints. */
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
		// What it leaves when it is killed goes with the run's own folder.
		env: { ...process.env, ...QUIET, TMPDIR: dirname(setting.state) },
		detached: true,
	});
	closeSync(log);
	endsWithUs(child);
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
			await killed(child);
		},
	};
};

/** Only workerd: its parent is there for a moment longer. */
function killChildren(parent: number): void {
	const children = readFileSync(
		`/proc/${parent}/task/${parent}/children`,
		"utf8",
	);
	for (const pid of children.trim().split(" ").filter(Boolean))
		process.kill(Number(pid), "SIGKILL");
}
