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
		from: "message.retry({ delaySeconds: verdict.delaySeconds });",
		to: "",
	},
	{
		why: "a message that failed comes again at once",
		file: "src/queue.ts",
		from: "message.retry({ delaySeconds: verdict.delaySeconds });",
		to: "message.retry();",
	},
	{
		why: "an event that comes a second time runs its handlers beside each other",
		file: "src/dispatch.ts",
		from: "if (attempts > 1) return (_, routes)",
		to: "if (attempts < 1) return (_, routes)",
	},
	{
		why: "a letter that waited in the scheduler is run as an event",
		file: "src/queue.ts",
		from: 'if (from === "deadLetters" || letter)',
		to: 'if (from === "deadLetters")',
	},
	{
		why: "a letter's message is acked before the letter is stored",
		file: "src/queue.ts",
		from: "acked(storeLetters(event, message, ports))",
		to: "acked(Promise.resolve(void storeLetters(event, message, ports).catch(() => {})))",
	},
	{
		why: "a message of a newer version is buried at once",
		file: "src/queue.ts",
		from: "if (wait !== undefined)",
		to: "if (wait === null)",
	},
	{
		why: "an event is acked before the delivery that failed is held anywhere",
		file: "src/call.ts",
		from: "if (next) await carry(event, next, ports);",
		to: "if (next) void carry(event, next, ports).catch(() => {});",
	},
	{
		why: "a batch begins handlers for ever",
		file: "src/run.ts",
		from: "const isLate = now >= until;",
		to: "const isLate = now >= until * 2;",
	},
	{
		why: "a handler that comes after a slow one begins by the clock of the first",
		file: "src/run.ts",
		from: "if (index > 0) now = ports.clock();",
		to: "",
	},
	{
		why: "of the handlers that a call leaves over only the first goes on",
		file: "src/call.ts",
		from: "this.#left.push(...this.#open.splice(0));",
		to: "this.#left.push(...this.#open.splice(0).slice(0, 1));",
	},
	{
		why: "deliveries that the queue does not take are lost",
		file: "src/carry.ts",
		from: "await holdDelivery(event, delivery, 0, ports);",
		to: "void delivery;",
	},
	{
		why: "a split begins with the second attempt",
		file: "src/carry.ts",
		from: "const first = { handler, attempt: 1 };",
		to: "const first = { handler, attempt: 2 };",
	},
	{
		why: "a split counts characters",
		file: "src/carry.ts",
		from: "byteLength(event.text) + DELIVERY_BYTES",
		to: "event.text.length + DELIVERY_BYTES",
	},
	{
		why: "handlers share one body",
		file: "src/run.ts",
		from: "		unused = undefined;\n",
		to: "",
	},
	{
		why: "an app's trigger is handled as it came, without the webhook's URL",
		file: "src/call.ts",
		from: 'isPlain(event) && "body" in envelope',
		to: '"body" in envelope',
	},
	{
		why: "handlers registered after the first event are not found",
		file: "src/consumers.ts",
		from: "if (known?.from !== from)",
		to: "if (!known)",
	},
	{
		why: "a Worker that does not answer is taken for one without handlers",
		file: "src/dispatch.ts",
		from: "if (!routes) return awaiting(event, consumer, delivery, ports);",
		to: "if (!routes) return IGNORED;",
	},
	{
		why: "what a cut-off call did not report is lost",
		file: "src/call.ts",
		from: "if (this.#left.length > 0)",
		to: "if (this.#left.length < 0)",
	},
	{
		why: "a cut-off call repeats what was reported",
		file: "src/call.ts",
		from: "		this.#open.splice(at, 1);\n",
		to: "",
	},
	{
		why: "a report that comes too late is settled a second time",
		file: "src/call.ts",
		from: "this.#open.splice(0)",
		to: "this.#open",
	},
	{
		why: "an outcome that nothing took is acked",
		file: "src/call.ts",
		from: "				this.#left.push(route);\n",
		to: "",
	},
	{
		why: "an outcome that is on its way when the call is cut off is not waited for",
		file: "src/call.ts",
		from: "andThen(all(this.#settling), ",
		to: "andThen(all([]), ",
	},
	{
		why: "a replay of all of a Worker's handlers is one of none",
		file: "src/carry.ts",
		from: "return replay === undefined ? first : { ...first, replay };",
		to: "return first;",
	},
	{
		why: "a delivery that has no message of its own brings back its event",
		file: "src/carry.ts",
		from: "if (carried?.handler === handler) throw error;",
		to: "if (handler) throw error;",
	},
	{
		why: "a delivery that has a message of its own becomes another",
		file: "src/carry.ts",
		from: "if (carried?.handler === handler) throw error;",
		to: "void carried;",
	},
	{
		why: "each message of a batch asks a Worker for its handlers",
		file: "src/batch.ts",
		from: "if (this.#asking) return this.#asking;",
		to: "",
	},
	{
		why: "a batch calls a Worker for all of its messages at once",
		file: "src/batch.ts",
		from: "this.#running < BATCH_CONCURRENCY && ",
		to: "",
	},
	{
		why: "a batch has large events under way all at once",
		file: "src/batch.ts",
		from: " && size <= this.#room",
		to: "",
	},
	{
		why: "a body that is not read yet counts as none",
		file: "src/batch.ts",
		from: "return isOfApp(name) ? HOOK_EVENT_BYTES : EVENT_BYTES;",
		to: "return text.length + Number(isOfApp(name)) * HOOK_EVENT_BYTES * EVENT_BYTES;",
	},
	{
		why: "an event that is larger than there is room for never has its turn",
		file: "src/batch.ts",
		from: "if (this.#running === 0) return true;",
		to: "",
	},
	{
		why: "a body that was read is kept for a Worker whose turn is later",
		file: "src/dispatch.ts",
		from: "if (readers === 0) reading = undefined;",
		to: "void readers;",
	},
	{
		why: "a silence beside an answer makes a Worker unknown",
		file: "src/consumers.ts",
		from: "if (known && known !== before) return known.routes;",
		to: "void before;",
	},
	{
		why: "the deliveries of a handler with another Worker's key go to that Worker",
		file: "src/consumers.ts",
		from: 'others.get(keyOf(handler) ?? "")',
		to: "others.get(keyOf(handler) ?? handler)",
	},
	{
		why: "a handler whose patterns cannot be read matches nothing",
		file: "src/contract/route.ts",
		from: "throw new TypeError(`the patterns",
		to: "patterns.length = 0;\n			void (`the patterns",
	},
	{
		why: "a slow Worker holds up the others",
		file: "src/dispatch.ts",
		from: `	const calls = batch.consumers.map((consumer) =>
		toHandlers(event, consumer, undefined, act, ports),
	);
	return andThen(all(calls), (ends) => {`,
		to: `	const calls = batch.consumers.reduce(async (before: Promise<Called[]>, consumer) => {
		const ends = await before;
		return [...ends, await toHandlers(event, consumer, undefined, act, ports)];
	}, Promise.resolve([]));
	return andThen(calls, (ends) => {`,
	},
	{
		why: "a call that hangs holds its batch for ever",
		file: "src/consumers.ts",
		from: "await inTime(answer, time, ports.timer);",
		to: "await answer;",
	},
	{
		why: "a Worker that does not list its handlers holds the event for ever",
		file: "src/consumers.ts",
		from: "				LIST_TIME,\n				ports.timer,\n			);",
		to: "				LIST_TIME,\n				() => () => {},\n			);",
	},
	{
		why: "an old list is believed while the Worker is down",
		file: "src/consumers.ts",
		from: "			known = undefined;\n			silentAt = now();\n			return undefined;",
		to: "			silentAt = now();\n			return known?.routes;",
	},
	{
		why: "a list of handlers is believed for ever",
		file: "src/consumers.ts",
		from: "if (known && now() - known.at < LIST_KEPT) return known.routes;",
		to: "if (known) return known.routes;",
	},
	{
		why: "a silent Worker is asked at every event",
		file: "src/consumers.ts",
		from: "return now() - silentAt < SILENCE_KEPT ? undefined : ask();",
		to: "return ask();",
	},
	{
		why: "an event whose handlers make no pause is acked though the end of one was not taken",
		file: "src/contract/awaitable.ts",
		from: "value instanceof Promise ? value.catch(recover) : value",
		to: "value instanceof Promise ? value.catch(() => ({ type: 'ack' }) as Result) : value",
	},
	{
		why: "what a message throws at once brings back the whole batch",
		file: "src/contract/awaitable.ts",
		from: "		return recover(error);",
		to: "		throw error;",
	},
	{
		why: "a handler that makes no pause never gives up its turn",
		file: "src/contract/awaitable.ts",
		from: "if (!isUnderWay) end();",
		to: "",
	},
	{
		why: "a handler begins beside the one that makes the first pause",
		file: "src/contract/awaitable.ts",
		from: "	await acting;\n",
		to: "",
	},
	{
		why: "the owner's answer to a report is not waited for",
		file: "src/entrypoints/subscriber.ts",
		from: "const told: Reporter = async (...ended) => report(...ended);",
		to: "const told: Reporter = (...ended) => report(...ended);",
	},
];
