/** Breaks of the consumer: one verdict a message, handlers one after the other, nothing acked that is held nowhere. */
import type { Break } from "./break.ts";

export const CONSUMING: readonly Break[] = [
	{
		why: "a failure of one message throws, and brings back the whole batch",
		file: "src/queue.ts",
		from: `					console.error("tidings: a message comes again", error);`,
		to: "					throw error;",
	},
	{
		why: "a message that failed gets no verdict, which acks it",
		file: "src/queue.ts",
		from: "return message.retry({ delaySeconds: verdict.delaySeconds });",
		to: "return undefined;",
	},
	{
		why: "a message that failed comes again at once",
		file: "src/queue.ts",
		from: "return message.retry({ delaySeconds: verdict.delaySeconds });",
		to: "return message.retry();",
	},
	{
		why: "an event that comes a second time runs its handlers beside each other",
		file: "src/queue.ts",
		from: "if (message.attempts === 1) await dispatch",
		to: "if (message.attempts >= 1) await dispatch",
	},
	{
		why: "a letter that waited in the scheduler is run as an event",
		file: "src/queue.ts",
		from: 'if (from === "deadLetters" || decoded.envelope.letter)',
		to: 'if (from === "deadLetters")',
	},
	{
		why: "a letter's message is acked before the letter is stored",
		file: "src/queue.ts",
		from: "await storeLetters(decoded, message, ports);",
		to: "void storeLetters(decoded, message, ports).catch(() => {});",
	},
	{
		why: "a message of a newer version is buried at once",
		file: "src/queue.ts",
		from: "if (wait !== undefined)",
		to: "if (wait === null)",
	},
	{
		why: "an event is acked before the delivery that failed is held anywhere",
		file: "src/dispatch.ts",
		from: "if (next) await carry(event, next, ports);",
		to: "if (next) void carry(event, next, ports).catch(() => {});",
	},
	{
		why: "a handler that failed keeps the later ones from being run",
		file: "src/dispatch.ts",
		from: "if (next) await carry(event, next, ports);",
		to: "if (next) return carry(event, next, ports);",
	},
	{
		why: "a batch begins handlers for ever",
		file: "src/dispatch.ts",
		from: "if (ports.clock() >= until)",
		to: "if (ports.clock() >= until * 2)",
	},
	{
		why: "the handlers that a late batch leaves over begin with the one that was run",
		file: "src/dispatch.ts",
		from: "handlers.slice(index)",
		to: "handlers.slice(index - 1)",
	},
	{
		why: "deliveries that the queue does not take are lost",
		file: "src/dispatch.ts",
		from: "await holdDelivery(event, delivery, 0, ports);",
		to: "void delivery;",
	},
	{
		why: "a split begins with the second attempt",
		file: "src/dispatch.ts",
		from: "const delivery = { handler, attempt: 1 };",
		to: "const delivery = { handler, attempt: 2 };",
	},
	{
		why: "a split counts characters",
		file: "src/dispatch.ts",
		from: "byteLength(record) + 100",
		to: "record.length + 100",
	},
	{
		why: "handlers share one body",
		file: "src/body.ts",
		from: "return () => JSON.parse(text).body;",
		to: "const { body } = JSON.parse(text); return () => body;",
	},
	{
		why: "handlers share one large body",
		file: "src/body.ts",
		from: "return kept === null ? undefined : () => JSON.parse(kept);",
		to: "const body = kept && JSON.parse(kept); return kept === null ? undefined : () => body;",
	},
	{
		why: "handlers registered after a name was first seen are not found for it",
		file: "src/contract/handler.ts",
		from: `		this.#byId.set(handler.id, handler);
		this.#byName.clear();`,
		to: "		this.#byId.set(handler.id, handler);",
	},
];
