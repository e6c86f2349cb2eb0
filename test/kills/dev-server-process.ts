/** Runs wrangler's dev server in a process of its own, so that the whole process group can be killed. */
import { unstable_startWorker as startWorker } from "wrangler";
import { API_KEYS } from "./api.ts";
import { CONFIG } from "./build.ts";
import type { Setting } from "./runtime.ts";

process.on("disconnect", () => process.exit());

const { state, ledger, points } = JSON.parse(
	process.argv[2] as string,
) as Setting;

const worker = await startWorker({
	config: CONFIG,
	bindings: {
		API_KEYS: { type: "secret_text", value: API_KEYS },
		LEDGER: { type: "plain_text", value: ledger },
		POINTS: { type: "plain_text", value: points ? "on" : "off" },
	},
	dev: {
		server: { hostname: "127.0.0.1", port: 0 },
		inspector: false,
		persist: state,
		watch: false,
	},
});
await worker.ready;
process.send?.((await worker.url).origin);
