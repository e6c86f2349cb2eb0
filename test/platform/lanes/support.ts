/** Which queues and transitions an event passed, and queues that fail. */
import { env } from "cloudflare:workers";
import { vi } from "vitest";
import { received, transitions } from "./worker.ts";

export const wait = { timeout: 20_000, interval: 10 };

export const bound = env as unknown as Record<string, Queue>;

/** The queues that an event's messages came from, in order; deliveries with their handler. */
export function queuesOfEvent(id: string): string[] {
	return received
		.filter((message) => message.id === id)
		.map(({ queue, handler }) => [queue, handler].filter(Boolean).join(" "));
}

/** The types of an event's transitions, in order. */
export function typesOf(id: string): string[] {
	return transitions
		.filter((transition) => transition.id === id)
		.map(({ type }) => type);
}

/** Makes the queue of a binding reject everything. */
export function down(binding: string) {
	const queue = bound[binding] as Queue;
	const reject = async () => {
		throw new Error("Queue is overloaded");
	};
	return [
		vi.spyOn(queue, "send").mockImplementation(reject),
		vi.spyOn(queue, "sendBatch").mockImplementation(reject),
	];
}
