/** A Worker that publishes and has no handlers. It also tries to call handlers of other Workers as the owner does. */
import { createClient, type PublisherBinding } from "tidings/client";
import type { AppBinding } from "../../../src/apps/app-workers.ts";
import type { SubscriberBinding } from "../../../src/handlers/remote-worker.ts";

type Subscriber = SubscriberBinding & AppBinding;

interface Bindings {
	EVENTS: PublisherBinding;
	MAIL: Subscriber;
	STOCK: Subscriber;
}

/** Calls each method of the Worker's entrypoint. Returns the messages of the errors. */
async function forge(worker: Subscriber): Promise<string[]> {
	const record = JSON.stringify({ v: 1, id: "forged", name: "order.placed" });
	const call = { record, handlers: [], within: 1_000 };
	const url = "https://a/b";
	const request = {
		method: "POST",
		url,
		webhookUrl: url,
		headers: {},
		query: {},
		rawQuery: "",
		bytes: new Uint8Array(),
	};
	const signature = { at: Date.now(), hmac: new Uint8Array(32) };
	const tries: (() => Promise<unknown>)[] = [
		() => worker.handlers(),
		() => worker.deliver(call, async () => {}),
		() => worker.apps(),
		() => worker.receive("@a/b/c", request),
		() => worker.handlers(signature),
	];
	const ends: string[] = [];
	for (const attempt of tries)
		try {
			await attempt();
			ends.push("accepted");
		} catch (error) {
			ends.push((error as Error).message);
		}
	return ends;
}

export default {
	async fetch(request, { EVENTS, MAIL, STOCK }) {
		const events = createClient(EVENTS);
		const { pathname, searchParams } = new URL(request.url);
		if (pathname === "/forge")
			return Response.json(await forge(searchParams.has("at") ? MAIL : STOCK));
		if (pathname === "/forbidden") {
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
} satisfies ExportedHandler<Bindings>;
