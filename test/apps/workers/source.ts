/** The Worker of a source app, which can be down. */
import { WorkerEntrypoint } from "cloudflare:workers";
import { createEvents } from "tidings";
import { createApp } from "tidings/apps";
import { subscriber } from "tidings/worker";
import { act } from "./act.ts";

const done: unknown[] = [];
let isDown = false;
/** If false, only the list of apps fails. */
let isApps = true;

const app = createApp("@far/source", {
	events: {
		mailed: {
			description: "Fires when a mail comes",
			capabilities: ["event"],
			tokens: { "@my-org/auth": { account: ["accountId", "email"] } },
			payload: { type: "object", required: ["text"] },
		},
	},
	handlers: {
		mailed: {
			start: {
				default: ({ webhookUrl }) => void done.push(["start", webhookUrl]),
			},
			handler: {
				default: async ({ json, bytes, query }, { event }) => {
					done.push(["handler", bytes.length, query]);
					await event.send("mailed", json);
				},
				verify({ headers }) {
					if (headers["x-token"] === "throw")
						throw new Error("the source's own");
					return headers["x-token"] === "right";
				},
				respond: ({ query }) =>
					query.challenge === undefined
						? undefined
						: new Response(query.challenge, {
								status: 207,
								headers: { "x-from": "source" },
							}),
			},
			stop: { default: () => void done.push(["stop"]) },
		},
	},
	tools: { act: { default: act } },
	capabilities: ["event"],
});

const events = createEvents({ apps: [app] });
events.on("order.placed", { id: "plain" }, () => {});
const Own = subscriber(events);
type Entrypoint = InstanceType<typeof Own>;

export class Subscriber extends WorkerEntrypoint {
	#own() {
		if (isDown) throw new Error("the Worker is being deployed");
		return new Own(this.ctx, this.env);
	}

	handlers() {
		return this.#own().handlers();
	}

	async apps() {
		if (!isApps) throw new Error("the Worker is overloaded");
		return this.#own().apps();
	}

	receive(...args: Parameters<Entrypoint["receive"]>) {
		return this.#own().receive(...args);
	}

	checkPayload(...args: Parameters<Entrypoint["checkPayload"]>) {
		return this.#own().checkPayload(...args);
	}

	deliver(...args: Parameters<Entrypoint["deliver"]>) {
		return this.#own().deliver(...args);
	}
}

export default {
	async fetch(request) {
		const { searchParams } = new URL(request.url);
		isDown = searchParams.has("down");
		isApps = !searchParams.has("no-apps");
		return Response.json(done);
	},
} satisfies ExportedHandler;
