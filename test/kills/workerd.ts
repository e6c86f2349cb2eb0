/** Starts workerd alone on the bundle, which takes a tenth of a second. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import type { Readable } from "node:stream";
import { unstable_readConfig as readConfig } from "wrangler";
import { API_KEYS } from "./api.ts";
import { CONFIG } from "./build.ts";
import {
	killGroupOf,
	killWithThisProcess,
	type Setting,
	type Start,
} from "./runtime.ts";

const require = createRequire(import.meta.url);
const WORKERD = join(
	dirname(
		require.resolve("workerd/package.json", {
			paths: [require.resolve("wrangler")],
		}),
	),
	"bin",
	"workerd",
);

const worker = readConfig({ config: CONFIG });

/** @param bundle path of the Worker's module */
export function workerdOn(bundle: string): Start {
	return async (setting) => {
		const config = `${setting.state}.capnp`;
		writeFileSync(config, configOf(bundle, setting));
		const log = openSync(setting.log, "a");
		const child = spawn(
			WORKERD,
			["serve", config, "--experimental", "--control-fd=3"],
			{ stdio: ["ignore", log, log, "pipe"], detached: true },
		);
		closeSync(log);
		killWithThisProcess(child);
		const control = child.stdio[3] as Readable;
		const [line] = await Promise.race([
			once(control, "data"),
			once(child, "exit").then(() => {
				throw new Error(
					`workerd did not start:\n${readFileSync(setting.log, "utf8")}`,
				);
			}),
		]);
		const { port } = JSON.parse(String(line));
		return { url: `http://127.0.0.1:${port}`, kill: () => killGroupOf(child) };
	};
}

/** Returns the configuration of workerd, as wrangler would generate it for this Worker. */
function configOf(bundle: string, { state, ledger, points }: Setting): string {
	const bindings = {
		...worker.vars,
		API_KEYS,
		LEDGER: ledger,
		POINTS: points ? "on" : "off",
	};
	const text = JSON.stringify;
	return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
	services = [
		(name = "main", worker = .worker),
		(name = "disk", disk = (path = ${text(state)}, writable = true)),
		(name = "ledger", network = (allow = ["local"])),
	],
	sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const worker :Workerd.Worker = (
	modules = [(name = "index.js", esModule = embed ${text(relative(dirname(state), bundle))})],
	compatibilityDate = ${text(worker.compatibility_date)},
	compatibilityFlags = ${text(worker.compatibility_flags)},
	bindings = [${Object.entries(bindings)
		.map(([name, value]) =>
			typeof value === "string"
				? `(name = ${text(name)}, text = ${text(value)})`
				: `(name = ${text(name)}, json = ${text(text(value))})`,
		)
		.join(", ")}],
	durableObjectNamespaces = [${Object.keys(worker.exports)
		.map(
			(name) =>
				`(className = ${text(name)}, uniqueKey = ${text(name)}, enableSql = true)`,
		)
		.join(", ")}],
	durableObjectStorage = (localDisk = "disk"),
	globalOutbound = "ledger",
);
`;
}
