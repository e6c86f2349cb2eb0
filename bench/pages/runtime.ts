/** Runs the Worker on the local runtime, fills it, opens its pages, and measures their first bytes. */
import { get } from "node:http";
import type { Command, Filled, Opened, Size } from "./commands.ts";

export interface Running {
	/** Of the Worker, without a slash at its end. */
	url: string;
	fill(size: Size): Promise<Filled>;
	/** Changes a dead letter, so that no object returns what it has cached. */
	change(): Promise<void>;
	/** Opens a page in the Worker, and returns what it read. */
	open(path: string, isLive?: boolean): Promise<Opened>;
	/** Milliseconds from a request over HTTP to the first byte of its answer. */
	firstByte(path: string): Promise<number>;
	stop(): Promise<void>;
}

export async function start(): Promise<Running> {
	// wrangler reads these variables while it loads and builds. It would log each request.
	process.env.WRANGLER_LOG = "none";
	// A deployed build: that of `wrangler dev` has another scheduler.
	process.env.NODE_ENV ??= "production";
	const { createTestHarness } = await import("wrangler");
	const harness = createTestHarness({
		root: import.meta.dirname,
		workers: [{ configPath: "wrangler.toml" }],
	});
	const { origin, port } = (await harness.listen()).url;
	let cookie = "";
	const command = async (sent: Command) => {
		const body = JSON.stringify(sent);
		const response = await harness.fetch("/command", { method: "POST", body });
		if (!response.ok) throw new Error(await response.text());
		return response.json();
	};
	return {
		url: origin,
		async fill(size) {
			const filled = (await command({ type: "fill", size })) as Filled;
			cookie = filled.cookie;
			return filled;
		},
		async change() {
			await command({ type: "change" });
		},
		async open(path, isLive = false) {
			const asked = { type: "open", path, cookie, isLive } as const;
			const opened = (await command(asked)) as Opened;
			if (opened.status === 200) return opened;
			throw new Error(`${path}: status ${opened.status}`);
		},
		firstByte: (path) => firstByte(path, port, cookie),
		stop: () => harness.close(),
	};
}

function firstByte(
	path: string,
	port: string,
	cookie: string,
): Promise<number> {
	const began = performance.now();
	return new Promise((resolve, reject) => {
		get(
			{ host: "localhost", port, path, agent: false, headers: { cookie } },
			(response) => {
				response.once("data", () => {
					resolve(performance.now() - began);
					response.resume();
				});
			},
		).on("error", reject);
	});
}
