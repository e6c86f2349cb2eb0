/** An owner whose consumer throws at each batch that contains poison, like a killed isolate: it gives no verdict. */
import { createEvents } from "tidings";
import { worker } from "tidings/worker";

const events = createEvents({
	observe: (transition) => console.log(`tidings ${JSON.stringify(transition)}`),
});
events.on("some.thing", { id: "first" }, () => {});
events.on("some.*", { id: "second" }, () => {});

const own = worker(events);

export default {
	...own,
	async queue(batch, env, ctx) {
		const isPoison = batch.messages.some(({ body }) =>
			String(body).includes('"poison"'),
		);
		if (isPoison && !batch.queue.endsWith("dead-letters"))
			throw new Error("killed");
		await own.queue(batch, env, ctx);
	},
} satisfies ExportedHandler<Cloudflare.Env>;
export { DeadLetters, Payloads, Scheduler } from "tidings/objects";
