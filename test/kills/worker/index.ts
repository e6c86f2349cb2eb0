/** The Worker that is killed: Tidings with durable stand-ins for its queues, and a fault point at each await. */
import { own } from "./own.ts";
import { type Armed, arm, inside, passed, placeOf } from "./points.ts";

export default {
	...own,
	async fetch(request, env, ctx) {
		const { pathname } = new URL(request.url);
		switch (pathname) {
			case "/arm":
				arm((await request.json()) as Armed);
				return new Response();
			case "/cron":
				await own.scheduled({} as ScheduledController, env, ctx);
				return new Response();
			case "/passed":
				return Response.json(passed());
			default:
				return inside(placeOf("publish"), () => own.fetch(request, env, ctx));
		}
	},
} satisfies ExportedHandler<Cloudflare.Env>;

export { Consumer } from "./consumer.ts";
export { DeadLetters, Payloads, Scheduler } from "./objects.ts";
export { DeadLettersQueue, EventsQueue, RetriesQueue } from "./queues.ts";
