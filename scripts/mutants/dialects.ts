/** Breaks of handlers by path and of the dialects: what is theirs is kept, and nobody else's is taken. */
import type { Break } from "./break.ts";

export const DIALECTS: readonly Break[] = [
	{
		why: "a wrong path is found only by the first event",
		file: "src/worker.ts",
		from: "	checkHandlerPaths();\n",
		to: "",
	},
	{
		why: "a path is looked up before the generated import may have come",
		file: "src/modules.ts",
		from: "	asked.push(resolve);\n",
		to: "	asked.push(resolve);\n	resolve();\n",
	},
	{
		why: "what a handler says of its retries is overruled by its dialect",
		file: "src/register.ts",
		from: "retries: given.retries ?? retries",
		to: "retries",
	},
	{
		why: "two buses with one type see each other's events",
		file: "src/dialects/sst/wire.ts",
		from: "?.bus === bus",
		to: "?.bus !== undefined",
	},
	{
		why: "a bus that nobody made is published to",
		file: "src/dialects/sst/bus.ts",
		from: "buses.has(named) || !ownsEvents()",
		to: 'named !== ""',
	},
	{
		why: "SST's attempts count the first one",
		file: "src/dialects/sst/bus.ts",
		from: "context.attempt - 1",
		to: "context.attempt",
	},
	{
		why: "an SST event is handled as it was published, without its schema",
		file: "src/dialects/sst/bus.ts",
		from: "(isFor(this.id, body) &&",
		to: "(isFor(this.id, undefined) &&",
	},
	{
		why: "a file's subscribers of one type meet in one id",
		file: "src/dialects/sst/bus.ts",
		// biome-ignore lint/suspicious/noTemplateCurlyInString: source text
		from: "${this.id}:${type}:${source}",
		// biome-ignore lint/suspicious/noTemplateCurlyInString: source text
		to: "${this.id}:${type}",
	},
	{
		why: "Ampt's events come again for a day only",
		file: "src/dialects/ampt.ts",
		from: '"14 days"',
		to: '"1 day"',
	},
	{
		why: "a subscriber of tsc.run gets more than type and data",
		file: "src/dialects/tsc-run.ts",
		from: "({ name: type, body: data }, context) =>\n		resolve()({ type, data } satisfies Event, context)",
		to: "({ name: type, body: data, ...rest }, context) =>\n		resolve()({ type, data, ...rest }, context)",
	},
];
