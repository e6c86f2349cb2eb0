/** Runs the Worker on the local runtime, with its inspector and an optional heap limit. */
import { type Inspector, inspect } from "./inspector.ts";
import type { Actions } from "./worker.ts";

/** Timeout of a call, in milliseconds. A runtime that crashed does not answer. */
const CALL_TIMEOUT = 300_000;

export interface Running {
	inspector: Inspector;
	perform<Name extends keyof Actions>(
		name: Name,
		...args: Parameters<Actions[Name]>
	): ReturnType<Actions[Name]>;
	/** Sends a request as an outside caller. */
	post(path: string, body: string): Promise<void>;
	stop(): Promise<void>;
}

/** @param megabytes heap limit, past which V8 ends the isolate. The isolate of the local queue has it too. */
export async function start(megabytes?: number): Promise<Running> {
	const flags = megabytes === undefined ? "" : `--max-heap-size=${megabytes}`;
	process.env.MINIFLARE_WORKERD_V8_FLAGS = flags;
	// wrangler reads this variable while it loads. It would log each batch.
	process.env.WRANGLER_LOG = "none";
	const { unstable_startWorker: startWorker } = await import("wrangler");
	const worker = await startWorker({
		config: new URL("wrangler.toml", import.meta.url).pathname,
		dev: {
			server: { hostname: "127.0.0.1", port: 0 },
			inspector: { hostname: "127.0.0.1", port: 0 },
			persist: false,
			watch: false,
			logLevel: "none",
		},
	});
	await worker.ready;
	const url = await worker.url;
	const inspector = await inspect((await worker.inspectorUrl) as URL);

	async function send(path: string, body: string): Promise<Response> {
		const response = await fetch(new URL(path, url), {
			method: "POST",
			headers: { "content-type": "application/json" },
			body,
			signal: AbortSignal.timeout(CALL_TIMEOUT),
		});
		if (!response.ok)
			throw new Error(
				`${path}: ${response.status} ${(await response.text()).slice(0, 200)}`,
			);
		return response;
	}
	return {
		inspector,
		perform: (async (name: string, input: unknown = null) =>
			(
				await send(`/${name}`, JSON.stringify(input))
			).json()) as Running["perform"],
		post: async (path, body) => {
			await (await send(path, body)).arrayBuffer();
		},
		async stop() {
			inspector.close();
			await worker.dispose();
		},
	};
}
