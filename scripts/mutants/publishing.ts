/** Breaks of publishing: what is accepted is held durably, whole, and answered only then. */
import type { Break } from "./break.ts";

export const PUBLISHING: readonly Break[] = [
	{
		why: "publish answers before the queue took the event",
		file: "src/publish.ts",
		from: "await queueFor(lane, ports).send(placed.record);",
		to: "void queueFor(lane, ports).send(placed.record).catch(() => {});",
	},
	{
		why: "publish answers before the scheduler took the event",
		file: "src/publish.ts",
		from: "else await ports.scheduler.hold([rowOf(stamped, placed)]);",
		to: "else void ports.scheduler.hold([rowOf(stamped, placed)]).catch(() => {});",
	},
	{
		why: "a large body is kept only after the record that refers to it was sent",
		file: "src/publish.ts",
		from: `	const placed = await placeBody(stamped, ports);
	if (dueAt === undefined) await queueFor(lane, ports).send(placed.record);`,
		to: `	const { id, bytes } = stamped;
	const placed =
		bytes <= INLINE_BYTES
			? stamped
			: { record: referring(stamped, id), reference: id };
	if (dueAt === undefined)
		await queueFor(lane, ports)
			.send(placed.record)
			.then(() => placeBody(stamped, ports));`,
	},
	{
		why: "the body of a scheduled event is kept from its publishing, not from its due time",
		file: "src/publish.ts",
		from: "bodyIn(stamped), dueAt + PAYLOAD_KEPT",
		to: "bodyIn(stamped), time + PAYLOAD_KEPT",
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
		from: "(shardOf(id) ?? 0)",
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
		from: "if (time !== latest)",
		to: "if (Number.isNaN(latest))",
	},
	{
		why: "ids take the same random bytes again",
		file: "src/contract/id.ts",
		from: "	crypto.getRandomValues(random);\n",
		to: "",
	},
	{
		why: "two digits of an id are one",
		file: "src/contract/id.ts",
		from: "byteAt(i >> 1) >> (i & 1 ? 0 : 4)",
		to: "byteAt(i >> 1)",
	},
	{
		why: "an event that is not scheduled is read without its time",
		file: "src/contract/envelope.ts",
		from: "record.time = time;",
		to: "record.time = 0;",
	},
	{
		why: "a second handler gets no time",
		file: "src/run.ts",
		from: "unused ?? eventIn(record)",
		to: "unused ?? JSON.parse(record)",
	},
	{
		why: "a body that JSON leaves out is published as none",
		file: "src/contract/json.ts",
		from: "if (place < 0) throw noBody(record.body);",
		to: "",
	},
	{
		why: "an event's head is not escaped",
		file: "src/contract/record.ts",
		from: "JSON.stringify(text).slice(1, -1)",
		to: "text",
	},
	{
		why: "an event's size counts characters",
		file: "src/contract/record.ts",
		from: "lengthOf(escaped(head)) + byteLength(body);",
		to: "lengthOf(escaped(head)) + body.length;",
	},
	{
		why: "what small events have at the most is counted against a batch",
		file: "src/stamp.ts",
		from: "sum(batch, (event) => eventBytes(event, bodyIn(event)))",
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
		from: "most <= SMALL ? most : besides + byteLength(text)",
		to: "most",
	},
	{
		why: "a batch has 101 messages",
		file: "src/contract/chunk.ts",
		from: "current.length === SEND_BATCH_MESSAGES",
		to: "current.length > SEND_BATCH_MESSAGES",
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
		why: "a name that is refused is taken the second time",
		file: "src/contract/pattern.ts",
		from: `	if (name === known) return;
`,
		to: `	if (name === known) return;
	known = name;
`,
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
