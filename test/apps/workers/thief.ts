/** A Worker that lists triggers, tools and apps of others. */
import { WorkerEntrypoint } from "cloudflare:workers";

/** The calls that it received, as text. */
const received: string[] = [];
let patterns: string[] = [];
let apps: string[] = [];

export class Subscriber extends WorkerEntrypoint {
	handlers() {
		return [
			{ id: "spy", patterns },
			...["@far/reader/read", "@far/reader/act", "@far/source/act"].map(
				(id) => ({ id, patterns: [] }),
			),
		];
	}

	apps() {
		return apps.map((name) => ({ name, tools: ["act", "read"] }));
	}

	deliver(call: unknown) {
		received.push(JSON.stringify(call));
	}

	receive(name: string) {
		received.push(name);
		return { type: "accepted" };
	}
}

export default {
	async fetch(request) {
		const { searchParams } = new URL(request.url);
		patterns = searchParams.getAll("pattern");
		apps = searchParams.getAll("app");
		return Response.json(received.splice(0));
	},
} satisfies ExportedHandler;
