/** A Worker whose entrypoint has no method `apps`. */
import { WorkerEntrypoint } from "cloudflare:workers";
import { createEvents } from "tidings";
import { subscriber } from "tidings/worker";

const events = createEvents();
events.on("order.placed", { id: "count" }, () => {});
const Own = subscriber(events);

export class Subscriber extends WorkerEntrypoint {
	handlers() {
		return new Own(this.ctx, this.env).handlers();
	}

	deliver(call: never, report: never) {
		return new Own(this.ctx, this.env).deliver(call, report);
	}
}

export default {
	fetch: async () => new Response(),
} satisfies ExportedHandler;
