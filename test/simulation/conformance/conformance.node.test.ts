/** Explores. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { real } from "./real.ts";
import { simulated } from "./simulated.ts";
import { UnderTest } from "./under-test.ts";
import { appendFileSync } from "node:fs";

describe.each([
	["simulated", simulated],
	["real", real],
])("on the %s platform", (platform, start) => {
	let it: UnderTest;
	const say = (what: string, value: unknown) => appendFileSync("/tmp/explore.txt", `${platform} ${what}: ${JSON.stringify(value)}\n`);
	beforeAll(async () => {
		it = new UnderTest(await start());
	});
	afterAll(() => it.close());
	async function alarms(what: string, runs: any, n: number, after: any = undefined) {
		const o = `${what}`;
		const [, at] = await it.take(o, { do: "plan", runs }, { do: "setAlarm", in: 100 });
		if (after) { await it.runs(o, 1); say(what, await it.take(o, ...after)); }
		let found;
		try { found = await it.runs(o, n); } catch (e) { found = await it.runs(o, 1); say(what, "no more"); }
		say(what, found.map((x) => [x.run, x.step, x.at - (at as number), x.result && typeof x.result === "number" ? x.result - (at as number) : x.result]));
		say(what, (await it.take(o, { do: "getAlarm" })).map((x: any) => x && x - (at as number)));
	}
	const g = { do: "getAlarm" };
	test("overlap", async () => {
		await alarms("overlap", [[g, { do: "setAlarm", in: 20 }, g, { do: "wait", ms: 300 }, g], [g, { do: "note", text: "second" }]], 2);
		await it.runs("overlap", 2);
	});
	test("delete", () => alarms("delete in handler then throw", [[{ do: "deleteAlarm" }, { do: "throw" }], [g]], 2));
	test("abort", () => alarms("abort in handler", [[{ do: "write", text: "x" }, { do: "abort" }], [g, { do: "rows" }]], 2));
	test("throw", () => alarms("throw", [[g, { do: "throw" }], [g, { do: "throw" }], [g]], 3));
	test("throw, getAlarm between", () => alarms("between", [[g, { do: "throw" }], [g]], 2, [{do: "wait", ms: 100}, { do: "getAlarm" }]));
	test("throw, setAlarm between", () => alarms("set between", [[g, { do: "throw" }], [g]], 2, [{ do: "wait", ms: 100 }, { do: "setAlarm", in: 300 }, g]));
	test("throw, deleteAlarm between", () => alarms("delete between", [[g, { do: "throw" }], [g]], 2, [{ do: "wait", ms: 100 }, { do: "deleteAlarm" }, g]));
	test("set, throw", () => alarms("set, throw", [[{ do: "setAlarm", in: 300 }, { do: "throw" }], [g]], 3));
	test("past", async () => {
		await it.take("past", { do: "setAlarm", in: -5000 });
		say("past", await it.runs("past", 1));
	});
	test("refusals", async () => {
		const big = (n: number) => ({ body: { name: "big", padding: "x".repeat(n) } });
		for (const command of [
			{ do: "send", message: big(128_000) },
			{ do: "send", message: big(127_000) },
			{ do: "send", message: big(127_950) },
			{ do: "sendBatch", messages: [] },
			{ do: "sendBatch", messages: Array.from({ length: 101 }, () => big(1)) },
			{ do: "sendBatch", messages: Array.from({ length: 100 }, () => big(1)) },
			{ do: "sendBatch", messages: [big(1), big(128_000)] },
			{ do: "sendBatch", messages: [big(100_000), big(100_000), big(100_000)] },
			{ do: "sendBatch", messages: [big(100_000), big(100_000), big(60_000)] },
			{ do: "send", message: { ...big(1), delaySeconds: -1 } },
			{ do: "send", message: { ...big(1), delaySeconds: 86_400 } },
			{ do: "send", message: { ...big(1), delaySeconds: 86_401 } },
			{ do: "send", message: { ...big(1), delaySeconds: 1.5 } },
			{ do: "sendBatch", messages: [big(1), { ...big(1), delaySeconds: 86_401 }] },
		] as any)
			say("refusal " + JSON.stringify(command, (k, v) => typeof v === "string" && v.length > 20 ? v.length : Array.isArray(v) && v.length > 3 ? v.length : v), await it.perform(command));
	});
	test("ack then retryAll", async () => {
		const names = await it.sendAll([[["ack"]], [["ack", "retryAll"]], undefined]);
		await it.rest();
		await it.rest();
		say("ack then retryAll", (await it.deliveries(names, 1)).map((x) => [x.name, x.attempts, x.batch]));
		const more = await it.sendAll([[["ackAll", "retry"]], [["retry"]], undefined]);
		await it.rest();
		await it.rest();
		say("ackAll then retry", (await it.deliveries(more, 1)).map((x) => [x.name, x.attempts, x.batch]));
	});
});
