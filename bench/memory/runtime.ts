/** The Worker on the real local runtime, with its inspector, and a heap that is held to a size where one is given. */
import { type Inspector, inspect } from "./inspector.ts";
import type { Acts } from "./worker.ts";

/** So long a call may take, in milliseconds: the runtime may be gone without a word. */
const LONGEST_CALL = 300_000;

export interface Running {
	inspector: Inspector;
	act<Name extends keyof Acts>(
		name: Name,
		...args: Parameters<Acts[Name]>
	): ReturnType<Acts[Name]>;
	/** A request of anybody. */
	post(path: string, body: string): Promise<void>;
	stop(): Promise<void>;
}

/** @param megabytes what V8 may take for a heap before it gives up; the local queue's is held to it as well */
export async function start(megabytes?: number): Promise<Running> {
	const flags = megabytes === undefined ? "" : `--max-heap-size=${megabytes}`;
	process.env.MINIFLARE_WORKERD_V8_FLAGS = flags;
	// It reads its environment when it is loaded, and would tell of each batch.
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
			signal: AbortSignal.timeout(LONGEST_CALL),
		});
		if (!response.ok)
			throw new Error(
				`${path}: ${response.status} ${(await response.text()).slice(0, 200)}`,
			);
		return response;
	}
	return {
		inspector,
		act: (async (name: string, input: unknown = null) =>
			(await send(`/${name}`, JSON.stringify(input))).json()) as Running["act"],
		post: async (path, body) => {
			await (await send(path, body)).arrayBuffer();
		},
		async stop() {
			inspector.close();
			await worker.dispose();
		},
	};
}
