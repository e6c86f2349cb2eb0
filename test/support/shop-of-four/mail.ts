/** A Worker with two deploys, which can be down. */
import { WorkerEntrypoint } from "cloudflare:workers";
import { createEvents } from "tidings";
import { subscriber } from "tidings/worker";

const [first, second] = [createEvents(), createEvents()];
first.on("order.placed", { id: "send" }, () => {});
first.on("order.**", { id: "archive" }, () => {});
second.on("order.placed", { id: "send" }, () => {});
second.on("order.paid", { id: "thank" }, () => {});
const deploys = { first: subscriber(first), second: subscriber(second) };
type Entrypoint = InstanceType<typeof deploys.first>;

let deployed: keyof typeof deploys | "none" = "first";

export class Subscriber extends WorkerEntrypoint {
	#deploy() {
		if (deployed === "none") throw new Error("the Worker is being deployed");
		return new deploys[deployed](this.ctx, this.env);
	}

	handlers() {
		return this.#deploy().handlers();
	}

	apps() {
		return this.#deploy().apps();
	}

	receive(...args: Parameters<Entrypoint["receive"]>) {
		return this.#deploy().receive(...args);
	}

	deliver(...args: Parameters<Entrypoint["deliver"]>) {
		return this.#deploy().deliver(...args);
	}
}

export default {
	async fetch(request) {
		deployed = new URL(request.url).searchParams.get("as") as never;
		return new Response();
	},
} satisfies ExportedHandler;
