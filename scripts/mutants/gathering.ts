/** Breaks of gathering and sending again: each caller is answered as its own call, and an overload passes unseen. */
import type { Break } from "./break.ts";

export const GATHERING: readonly Break[] = [
	{
		why: "a caller is answered before the call that has its event",
		file: "src/gather.ts",
		from: "joined.taken.resolve(take(joined.items));",
		to: "void take(joined.items).catch(() => {});\n\t\t\tjoined.taken.resolve();",
	},
	{
		why: "a call that fails answers yes",
		file: "src/gather.ts",
		from: "joined.taken.resolve(take(joined.items));",
		to: "joined.taken.resolve(take(joined.items).catch(() => {}));",
	},
	{
		why: "a gathering is kept open over I/O",
		file: "src/gather.ts",
		from: "await undefined;",
		to: "await new Promise<void>((resolve) => setTimeout(resolve));",
	},
	{
		why: "a gathering is closed by the first microtask",
		file: "src/gather.ts",
		from: "const HOPS = 16;",
		to: "const HOPS = 1;",
	},
	{
		why: "what was sent is still joined",
		file: "src/gather.ts",
		from: "if (open === joined) open = undefined;",
		to: "",
	},
	{
		why: "what a turn left behind that was cut off is still joined",
		file: "src/gather.ts",
		from: "now - openedAt < LEFT_BEHIND",
		to: "openedAt <= now",
	},
	{
		why: "a gathered call has 101 messages",
		file: "src/gather.ts",
		from: "count <= room.count &&",
		to: "count <= room.count + 1 &&",
	},
	{
		why: "a gathered call has more bytes than a queue takes",
		file: "src/gather.ts",
		from: "bytes <= room.bytes &&",
		to: "",
	},
	{
		why: "a lone send is a batch",
		file: "src/gather.ts",
		from: "return rest.length === 0 ? send(first) : sendBatch(records);",
		to: "return rest.length === 0 ? sendBatch([first]) : sendBatch(records);",
	},
	{
		why: "what is scheduled at once all goes to the shard of the first",
		file: "src/gather.ts",
		from: `await gatheringOf(\`\${shardOf(first.id) ?? 0} \${soon}\`)(rows);`,
		to: `await gatheringOf(\`\${soon}\`)(rows);`,
	},
	{
		why: "what is due soon keeps what is not from being held again",
		file: "src/gather.ts",
		from: `await gatheringOf(\`\${shardOf(first.id) ?? 0} \${soon}\`)(rows);`,
		to: `await gatheringOf(\`\${shardOf(first.id) ?? 0}\`)(rows);`,
	},
	{
		why: "the owner's queue is called for each event",
		file: "src/configure.ts",
		from: "events: gatheringQueue(named.events, owner),",
		to: "",
	},
	{
		why: "nothing is sent again",
		file: "src/resend.ts",
		from: "const WAITS = [200, 400, 800];",
		to: "const WAITS: number[] = [];",
	},
	{
		why: "those whom an overload has refused come again together",
		file: "src/resend.ts",
		from: "await pause(random() * longest, timer);",
		to: "await pause(longest, timer);",
	},
	{
		why: "a send that never answers is waited for",
		file: "src/resend.ts",
		from: "return await inTime(call(before), ANSWER_TIME, timer, tooLate);",
		to: "return await call(before);",
	},
	{
		why: "a refusal is tried again",
		file: "src/resend.ts",
		from: "if (isLast || !(error instanceof UnavailableError && isPassing(error)))",
		to: "if (isLast || !isPassing(error as UnavailableError))",
	},
	{
		why: "an object that is overloaded is asked again",
		file: "src/resend.ts",
		from: "return retryable === true && overloaded !== true;",
		to: "return retryable === true;",
	},
	{
		why: "an event that may have been handed over is held again",
		file: "src/resend.ts",
		from: "isDueSoon(rows, ports.clock()) ? never : ofObject,",
		to: "ofObject,",
	},
	{
		why: "a second try that finds nothing says that there was nothing to cancel",
		file: "src/resend.ts",
		from: `if (answer !== "gone" || before === undefined) return answer;`,
		to: `if (answer !== "gone" || id) return answer;`,
	},
	{
		why: "the consumer tries again beside its message",
		file: "src/worker.ts",
		from: "return consume(batch.messages, role, consuming);",
		to: "return consume(batch.messages, role, owner);",
	},
	{
		why: "an outage does not say when to come again",
		file: "src/entrypoints/http/problem.ts",
		from: "...(STATUS[code] === 503 && {",
		to: "...(message === code && {",
	},
	{
		why: "all are told to come again at one time",
		file: "src/entrypoints/http/problem.ts",
		from: "String(1 + Math.floor(random() * LONGEST_AWAY))",
		to: "String(LONGEST_AWAY)",
	},
];
