/**
 * The three queue bindings, with a fault point before and after each send. This module must be imported before any
 * module that reads the environment.
 */
import { env } from "cloudflare:workers";
import { faulty } from "./points.ts";
import { queueObject } from "./queues.ts";

Object.assign(env, {
	EVENTS_QUEUE: producer("EventsQueue"),
	RETRIES_QUEUE: producer("RetriesQueue"),
	DEAD_LETTERS_QUEUE: producer("DeadLettersQueue"),
});

/** The methods of `Queue` that Tidings calls. */
function producer(className: string) {
	return {
		send: (body: string, { delaySeconds = 0 }: QueueSendOptions = {}) =>
			faulty(`${className}.send${handlerOf(body)}`, () =>
				queueObject(className).put([body], delaySeconds),
			),
		sendBatch: (messages: readonly { body: string }[]) =>
			faulty(`${className}.sendBatch`, () =>
				queueObject(className).put(
					messages.map(({ body }) => body),
					0,
				),
			),
		metrics: () => queueObject(className).metrics(),
	};
}

/** For the label, because deliveries of different handlers take different paths. */
function handlerOf(record: string): string {
	const { delivery, deadLetter } = JSON.parse(record);
	const { handler } = delivery ?? deadLetter ?? {};
	return handler === undefined ? "" : ` → ${handler}`;
}
