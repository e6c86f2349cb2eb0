/** Another Worker that publishes through the service binding of either side. */
import { env } from "cloudflare:workers";
import { createClient, type PublisherBinding } from "tidings/client";
import type { Manner } from "../actions.ts";
import { published, type Side } from "../driver.ts";
import type { Body } from "../tally.ts";

interface BarePublisher {
	publish(name: string, body: Body): Promise<unknown>;
	publishBatch(events: { name: string; body: Body }[]): Promise<unknown>;
}

const { BARE, TIDINGS } = env as unknown as {
	BARE: BarePublisher;
	TIDINGS: PublisherBinding;
};

const client = createClient(TIDINGS);

const sides: Record<string, Pick<Side, "publish" | "publishBatch">> = {
	bare: {
		publish: (name, body) => BARE.publish(name, body),
		publishBatch: (name, bodies) =>
			BARE.publishBatch(bodies.map((body) => ({ name, body }))),
	},
	tidings: {
		publish: (name, body) => client.publish(name, body),
		publishBatch: (name, bodies) =>
			client.publishBatch(bodies.map((body) => ({ name, body }))),
	},
};

export default {
	/** `POST /<side>` publishes, and returns an `Answer`. */
	async fetch(request) {
		const side = sides[new URL(request.url).pathname.slice(1)];
		if (!side) return new Response(null, { status: 404 });
		const { events, manner } = await request.json<{
			events: number;
			manner: Manner;
		}>();
		const ms = await published(events, manner, side);
		return Response.json({ ms, handled: 0 });
	},
} satisfies ExportedHandler;
