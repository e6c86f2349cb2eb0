/** The Worker of a subscriber app, which can be down. */
import { WorkerEntrypoint } from "cloudflare:workers";
import { createEvents, NonRetryableError } from "tidings";
import { createApp } from "tidings/apps";
import { subscriber } from "tidings/worker";
import { act } from "./act.ts";

const got: unknown[] = [];
/** The raw calls of the owner. */
const calls: string[] = [];
let isDown = false;

class OddError extends Error {
	override readonly name = "OddError";
}

const app = createApp("@far/reader", {
	tools: {
		act: { default: act },
		read: {
			default: (input, { subscription }) => {
				if (input.text === "odd") throw new NonRetryableError("never this");
				if (input.text === "class") throw new OddError("odd");
				got.push([subscription?.key, input]);
			},
		},
		fail: {
			default: () => {
				throw new OddError("the tool's own");
			},
		},
	},
	capabilities: ["event", "storage"],
});

const Own = subscriber(createEvents({ apps: [app] }));
type Entrypoint = InstanceType<typeof Own>;

export class Subscriber extends WorkerEntrypoint {
	#own() {
		if (isDown) throw new Error("the Worker is being deployed");
		return new Own(this.ctx, this.env);
	}

	handlers() {
		return this.#own().handlers();
	}

	apps() {
		return this.#own().apps();
	}

	receive(...args: Parameters<Entrypoint["receive"]>) {
		return this.#own().receive(...args);
	}

	deliver(...args: Parameters<Entrypoint["deliver"]>) {
		calls.push(JSON.stringify(args[0]));
		return this.#own().deliver(...args);
	}
}

export default {
	async fetch(request) {
		const { pathname, searchParams } = new URL(request.url);
		if (pathname === "/calls") return Response.json(calls);
		isDown = searchParams.has("down");
		return Response.json(got);
	},
} satisfies ExportedHandler;
