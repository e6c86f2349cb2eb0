/** Breaks of publishing: what is accepted is held durably, whole, and answered only then. */
import type { Break } from "./break.ts";

export const PUBLISHING: readonly Break[] = [
	{
		why: "publish answers before the queue took the event",
		file: "src/publish.ts",
		from: "await queueFor(lane, ports).send(recordOf(stamped, body));",
		to: "void queueFor(lane, ports).send(recordOf(stamped, body)).catch(() => {});",
	},
	{
		why: "publish answers before the scheduler took the event",
		file: "src/publish.ts",
		from: "else await ports.scheduler.hold([rowOf(stamped, body, dueAt)]);",
		to: "else void ports.scheduler.hold([rowOf(stamped, body, dueAt)]).catch(() => {});",
	},
	{
		why: "a large body is kept only after the record that refers to it was sent",
		file: "src/publish.ts",
		from: `	const body = await placeBody(stamped, ports);
	if (dueAt === undefined)
		await queueFor(lane, ports).send(recordOf(stamped, body));`,
		to: `	const { bytes, text } = stamped;
	const body = bytes <= INLINE_BYTES ? { text } : { reference: stamped.head.id };
	if (dueAt === undefined)
		await queueFor(lane, ports)
			.send(recordOf(stamped, body))
			.then(() => placeBody(stamped, ports));`,
	},
	{
		why: "the body of a scheduled event is kept from its publishing, not from its due time",
		file: "src/publish.ts",
		from: "payloads.put(head.id, text, dueAt + PAYLOAD_KEPT)",
		to: "payloads.put(head.id, text, head.time + PAYLOAD_KEPT)",
	},
	{
		why: "a batch answers with receipts for what was not taken",
		file: "src/publish.ts",
		from: "for (const event of events) faults.set(event, error);",
		to: "",
	},
	{
		why: "scheduled events of a batch all go to the shard of the first",
		file: "src/publish.ts",
		from: "(shardOf(head.id) ?? 0)",
		to: "0",
	},
	{
		why: "an event of exactly 256 KB is accepted",
		file: "src/stamp.ts",
		from: "if (bytes >= most)",
		to: "if (bytes > most)",
	},
	{
		why: "a body is not checked by its schema",
		file: "src/stamp.ts",
		from: "return schema ? checked(stamped, schema) : stamped;",
		to: "return schema ? stamped : stamped;",
	},
	{
		why: "ids keep the time of the first",
		file: "src/contract/id.ts",
		from: "if (time !== latest.time)",
		to: 'if (latest.start === "")',
	},
	{
		why: "an event's head is not escaped",
		file: "src/contract/envelope.ts",
		from: "JSON.stringify(text).slice(1, -1)",
		to: "text",
	},
	{
		why: "an event's size counts characters",
		file: "src/contract/envelope.ts",
		from: "BODY_LENGTH + byteLength(body);",
		to: "BODY_LENGTH + body.length;",
	},
	{
		why: "what small events have at the most is counted against a batch",
		file: "src/stamp.ts",
		from: "sum(batch, ({ head, text }) => eventBytes(head, text))",
		to: "most",
	},
	{
		why: "the most bytes of a text leave its wide characters out",
		file: "src/contract/json.ts",
		from: "WIDE.test(text) ? 3 : 2",
		to: "2",
	},
	{
		why: "what is not small is not counted",
		file: "src/contract/chunk.ts",
		from: "most <= SMALL ? most : ascii + byteLength(text)",
		to: "most",
	},
	{
		why: "a batch has 101 messages",
		file: "src/contract/chunk.ts",
		from: "current.length < SEND_BATCH_MESSAGES",
		to: "current.length <= SEND_BATCH_MESSAGES",
	},
	{
		why: "an event due in exactly a year is refused",
		file: "src/contract/after.ts",
		from: "if (due > latest)",
		to: "if (due >= latest)",
	},
	{
		why: "an event due now is scheduled",
		file: "src/contract/after.ts",
		from: "if (!(due > now))",
		to: "if (!(due >= now))",
	},
	{
		why: "the star of a pattern matches any number of segments",
		file: "src/contract/pattern.ts",
		from: 'if (want[w] === "**") {',
		to: 'if (want[w]?.startsWith("*")) {',
	},
	{
		why: "a publish that nobody awaits is lost with the response",
		file: "src/transport.ts",
		from: `		waitUntil?.(
			result.catch((error) => console.warn("tidings: not published", error)),
		);`,
		to: `		result.catch((error) => console.warn("tidings: not published", error));`,
	},
];
