/** The probe: a Worker that performs the steps of its messages and callers, and records what the platform did. */
import { perform } from "./commands.ts";
import { notes } from "./notes.ts";
import { give, type Script } from "./script.ts";

export default {
	async fetch(request) {
		return Response.json(await perform(await request.json()));
	},

	async scheduled() {
		notes.crons += 1;
		if (notes.isCronThrowing) throw new Error("the cron trigger throws");
	},

	async queue(batch) {
		const names = batch.messages.map(({ body }) => body.name);
		for (const { id, attempts, timestamp, body } of batch.messages)
			notes.deliveries.push({
				name: body.name,
				queue: batch.queue,
				id,
				attempts,
				body,
				timestamp: timestamp.getTime(),
				batch: names,
				at: Date.now(),
			});
		if (batch.queue !== "work") return;
		for (const message of batch.messages)
			for (const verdict of message.body.does?.[message.attempts - 1] ?? [])
				give(verdict, message, batch);
	},
} satisfies ExportedHandler<Cloudflare.Env, Script>;

export { Probe } from "./probe.ts";
