/** The simulated platform behaves as the real one does: each claim runs on both. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { real } from "./real.ts";
import { simulated } from "./simulated.ts";
import { UnderTest } from "./under-test.ts";

describe.each([
	["simulated", simulated],
	["real", real],
])("on the %s platform", (_, start) => {
	let it: UnderTest;
	beforeAll(async () => {
		it = new UnderTest(await start());
	});
	afterAll(() => it.close());

	test("a message", async () => {
		const name = await it.send();
		console.log(await it.deliveries([name], 1));
		const names = await it.sendAll([undefined, [["throw"]], [["ack"]]]);
		console.log(await it.deliveries(names.slice(0, 2), 2));
		const dead = await it.send([["throw"], ["retry"], ["throw"]]);
		console.log(await it.deliveries([dead], 1, "dead"));
	});
	test("an object", async () => {
		const o = it.name();
		console.log(await it.take(o, { do: "plan", runs: [[{ do: "getAlarm" }, { do: "setAlarm", in: 100 }], [{ do: "throw" }]] }, { do: "setAlarm", in: 100 }));
		console.log(await it.runs(o, 3));
		console.log(await it.take(o, { do: "getAlarm" }));
		console.log(await it.perform({ do: "call", object: o, calls: [[{ do: "write", text: "a" }, { do: "throw" }]] }));
		console.log(await it.perform({ do: "call", object: o, calls: [[{ do: "write", text: "b" }, { do: "abort" }]] }));
		console.log(await it.take(o, { do: "rows" }));
	});
});
