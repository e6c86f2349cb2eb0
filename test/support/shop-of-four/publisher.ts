/** A Worker that publishes and has no handlers. */
import { createClient, type PublisherBinding } from "tidings/client";

export default {
	async fetch(request, { EVENTS }) {
		const events = createClient(EVENTS);
		if (new URL(request.url).pathname === "/forbidden") {
			const tries = await Promise.allSettled([
				events.publish("user.joined", 1),
				events.publishBatch([
					{ name: "order.placed", body: 1 },
					{ name: "user.joined", body: 1 },
				]),
				events.publish("user.joined", { after: "1 day" }, 1),
				EVENTS.publish("user.joined", 1),
				EVENTS.publishBatch([{ name: "user.joined", body: 1 }]),
			]);
			return Response.json(
				tries.map((end) =>
					end.status === "rejected" ? end.reason.code : end.status,
				),
			);
		}
		const { name, from, count } = (await request.json()) as {
			name: string;
			from: number;
			count: number;
		};
		const batch = Array.from({ length: count }, (_, index) => ({
			name,
			body: { n: from + index },
		}));
		const receipts = await events.publishBatch(batch);
		return Response.json(receipts.map(({ id }) => id));
	},
} satisfies ExportedHandler<{ EVENTS: PublisherBinding }>;
