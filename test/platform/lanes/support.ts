/** What the tests of lanes ask: which way an event went, and the queues behind the bindings. */
import { env } from "cloudflare:workers";
import { vi } from "vitest";
import { came, transitions } from "./worker.ts";

export const wait = { timeout: 20_000, interval: 10 };

export const bound = env as unknown as Record<string, Queue>;

/** The queues that an event's messages came from, in order; deliveries with their handler. */
export function queuesOfEvent(id: string): string[] {
	return came
		.filter((message) => message.id === id)
		.map(({ queue, handler }) => [queue, handler].filter(Boolean).join(" "));
}

/** The types of an event's transitions, in order. */
export function wayOf(id: string): string[] {
	return transitions
		.filter((transition) => transition.id === id)
		.map(({ type }) => type);
}

/** Makes the queue behind a binding take nothing. */
export function down(binding: string) {
	const queue = bound[binding] as Queue;
	const fails = async () => {
		throw new Error("Queue is overloaded");
	};
	return [
		vi.spyOn(queue, "send").mockImplementation(fails),
		vi.spyOn(queue, "sendBatch").mockImplementation(fails),
	];
}
