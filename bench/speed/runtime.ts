/** Runs both sides on the local runtime, and sends them commands over HTTP. */
import "../../examples/shop/local/quiet.ts";
import { createTestHarness } from "wrangler";
import { LOCAL_API_KEYS, LOCAL_KEY } from "../../examples/shop/local/key.ts";
import type { ActionName, Actions, Answer, Manner } from "./workers/actions.ts";
import { bodyOf } from "./workers/bodies.ts";

/** The platform alone, or Tidings on it. */
export type SideName = "bare" | "tidings";

export interface Driven {
	name: SideName;
	/** @throws Error with the log of the Worker if it failed */
	perform<Name extends ActionName>(
		name: Name,
		of: Actions[Name],
	): Promise<Answer>;
	/** Publishes from another Worker through the binding. */
	byBinding(events: number, manner: Manner): Promise<Answer>;
	/** Publishes over HTTP from here. */
	overHttp(events: number, manner: Manner): Promise<Answer>;
}

export interface Runtime {
	side(name: SideName): Driven;
	close(): Promise<void>;
}

/** Concurrent HTTP requests to a Worker. */
const CONNECTIONS = 32;

export async function startRuntime(): Promise<Runtime> {
	const harness = createTestHarness({
		root: import.meta.dirname,
		workers: [
			{ configPath: "workers/caller/wrangler.toml" },
			{ configPath: "workers/bare/wrangler.toml" },
			{
				configPath: "workers/tidings/wrangler.toml",
				secrets: { API_KEYS: LOCAL_API_KEYS },
			},
		],
	});
	await harness.listen();

	async function post(
		worker: string,
		path: string,
		body: unknown,
	): Promise<Response> {
		const response = await harness.getWorker(worker).fetch(path, {
			method: "POST",
			headers: {
				"content-type": "application/json",
				authorization: `Bearer ${LOCAL_KEY}`,
			},
			body: JSON.stringify(body),
		});
		if (response.ok) return response as unknown as Response;
		const logs = harness.getLogs().map(({ message }) => message);
		throw new Error(
			[`${worker}${path}: ${await response.text()}`, ...logs].join("\n"),
		);
	}

	return {
		side(name) {
			const worker = `speed-${name}`;
			return {
				name,
				perform: async (action, of) =>
					(await (await post(worker, `/${action}`, of)).json()) as Answer,
				byBinding: async (events, manner) =>
					(await (
						await post("speed-caller", `/${name}`, { events, manner })
					).json()) as Answer,
				overHttp: (events, manner) =>
					publishedOverHttp(events, manner, async (body) => {
						const response = await post(worker, "/v1/events", body);
						await response.arrayBuffer();
					}),
			};
		},
		close: () => harness.close(),
	};
}

async function publishedOverHttp(
	events: number,
	manner: Manner,
	post: (body: unknown) => Promise<void>,
): Promise<Answer> {
	const event = { name: "handled-by-1", body: bodyOf(1_000) };
	let left = events;
	const connection = async () => {
		while (left > 0) {
			const count = manner === "in batches" ? Math.min(100, left) : 1;
			left -= count;
			await post(
				manner === "in batches"
					? Array.from({ length: count }, () => event)
					: event,
			);
		}
	};
	const startedAt = performance.now();
	const connections = manner === "together" ? CONNECTIONS : 1;
	await Promise.all(Array.from({ length: connections }, connection));
	return { ms: performance.now() - startedAt, handled: 0 };
}
