/** A Worker with a handler. The owner of the events calls it through `Subscriber`. It has no queue and no object. */
import { subscriber } from "tidings/worker";
import { events } from "./events.ts";

export const Subscriber = subscriber(events);
// Cloudflare deploys no Worker without a default export. This one has no public URL.
export default {
	fetch: () => new Response(null, { status: 404 }),
} satisfies ExportedHandler;
