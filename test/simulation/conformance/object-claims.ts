/** Claims about rows, calls and crashes of objects, for the simulated and the real platform. */
import { expect, test } from "vitest";
import type { Bench } from "./bench.ts";
import type { Step } from "./probe.ts";

const ROWS: Step = { do: "rows" };
const ABORT: Step = { do: "abort" };
const query = (text: string): Step => ({ do: "query", text });
const write = (text: string): Step => ({ do: "write", text });
const note = (text: string): Step => ({ do: "note", text });

export function objectClaims(bench: Bench): void {
	const attempt = (object: string, ...steps: Step[]) =>
		bench.attempt({ do: "call", object, calls: [steps] });

	test("rows written before a throw stay", async () => {
		const object = bench.name();
		await attempt(object, write("before"), { do: "throw" }, write("after"));
		expect(await bench.take(object, ROWS)).toEqual([["before"]]);
	});

	test("a throw in transactionSync rolls back its rows and its alarm, and nothing else", async () => {
		const object = bench.name();
		const steps: Step[] = [
			write("inside"),
			{ do: "setAlarm", in: 60_000 },
			{ do: "throw" },
		];
		await attempt(object, write("outside"), { do: "transaction", steps });
		expect(await bench.take(object, ROWS, { do: "getAlarm" })).toEqual([
			["outside"],
			null,
		]);
	});

	test("a statement with RETURNING writes its rows and returns them, and an id of AUTOINCREMENT is not used again", async () => {
		const object = bench.name();
		const insert = query("INSERT INTO one (text) VALUES ('x') RETURNING id");
		await bench.take(
			object,
			query("CREATE TABLE one (id INTEGER PRIMARY KEY AUTOINCREMENT, text)"),
		);
		expect(await bench.take(object, insert, insert)).toEqual([
			[{ id: 1 }],
			[{ id: 2 }],
		]);
		await bench.take(object, query("DELETE FROM one"));
		expect(
			await bench.take(
				object,
				insert,
				query("SELECT EXISTS (SELECT 1 FROM one) AS any"),
				query("SELECT count(*) AS count FROM one"),
			),
		).toEqual([[{ id: 3 }], [{ any: 1 }], [{ count: 1 }]]);
	});

	test("a table without rowids replaces a row with the same key", async () => {
		const object = bench.name();
		const replace = (at: number) =>
			query(`INSERT OR REPLACE INTO two VALUES ('a', ${at})`);
		expect(
			await bench.take(
				object,
				query("CREATE TABLE two (id TEXT PRIMARY KEY, at) WITHOUT ROWID"),
				replace(1),
				replace(2),
				query("SELECT * FROM two"),
			),
		).toEqual([[], [], [], [{ id: "a", at: 2 }]]);
	});

	test("a key is deleted once", async () => {
		expect(await bench.take(bench.name(), { do: "delete key" })).toEqual([
			[true, false, false],
		]);
	});

	test("a failing statement rolls back only itself, and the object continues", async () => {
		const object = bench.name();
		const fail: Step = { do: "fail", with: "statement" };
		const steps = [{ do: "count" }, write("before"), fail, write("after")];
		expect(await bench.take(object, ...(steps as Step[]))).toEqual([
			1,
			null,
			"failed",
			null,
		]);
		expect(await bench.take(object, ROWS, { do: "count" })).toEqual([
			["before", "after"],
			2,
		]);
	});

	test("a failure that rolls back the transaction resets the object even if it is caught, and the writes of the tick are lost", async () => {
		const object = bench.name();
		await bench.take(object, write("kept"), { do: "count" });
		const fail: Step = { do: "fail", with: "transaction" };
		const alarm: Step = { do: "setAlarm", in: 60_000 };
		const steps = [write("lost"), alarm, fail];
		const outcome = await attempt(object, { do: "turn", steps });
		expect(outcome).toHaveProperty("error");
		expect(
			await bench.take(object, ROWS, { do: "count" }, { do: "getAlarm" }),
		).toEqual([["kept"], 1, null]);
	});

	test("an object that throws in its constructor fails the call, and is constructed again for the next", async () => {
		const object = bench.name();
		await bench.take(object, write("kept"), { do: "throw when made" });
		await attempt(object, ABORT);
		expect(await attempt(object, ROWS)).toMatchObject({
			error: { message: "it throws" },
		});
		expect(await bench.take(object, ROWS)).toEqual([["kept"]]);
	});

	test("work that is not awaited may be lost when its invocation returns, unless it was passed to waitUntil", async () => {
		const objects = Array.from({ length: 10 }, () => bench.name());
		const arrived = async (isKept: boolean) => {
			const steps = [note(`kept: ${isKept}`)];
			for (const object of objects)
				await bench.attempt({ do: "leave", object, steps, isKept });
			await bench.pass(200);
			const taken = await Promise.all(
				objects.map((object) => bench.steps(object, 0)),
			);
			return taken.flat().filter(({ step }) => step === `kept: ${isKept}`);
		};
		expect(await arrived(true)).toHaveLength(10);
		expect((await arrived(false)).length).toBeLessThan(10);
	});

	test("an error crosses RPC with its name, message and own properties", async () => {
		const outcome = await attempt(bench.name(), { do: "throw" });
		expect(outcome).toMatchObject({
			error: {
				name: "ProbeError",
				message: "it throws",
				own: { code: 17, detail: { why: "it was told to" } },
			},
		});
	});

	test("an argument is a copy", async () => {
		const change: Step = { do: "change", value: {} };
		expect(await attempt(bench.name(), change)).toEqual({
			value: { answers: [[{ changed: true }]], calls: [[change]] },
		});
	});

	test("a reset object loses its memory, and keeps its rows and alarm", async () => {
		const object = bench.name();
		const at = await bench.arm(object, 1_000);
		expect(
			await bench.take(object, write("kept"), { do: "count" }, { do: "count" }),
		).toEqual([null, 1, 2]);
		expect(await attempt(object, ABORT)).toHaveProperty("error");
		expect(
			await bench.take(object, ROWS, { do: "count" }, { do: "getAlarm" }),
		).toEqual([["kept"], 1, at]);
		const [run] = await bench.runs(object, 1);
		expect(run?.at).toBeGreaterThanOrEqual(at);
	});

	test("the rows and the alarm written in the tick of a reset are lost", async () => {
		const object = bench.name();
		const alarm: Step = { do: "setAlarm", in: 60_000 };
		await bench.take(object, write("kept"));
		const steps = [write("lost"), alarm, ABORT];
		await attempt(object, { do: "turn", steps });
		expect(await bench.take(object, ROWS, { do: "getAlarm" })).toEqual([
			["kept"],
			null,
		]);
	});

	test("a reset fails every running call", async () => {
		const object = bench.name();
		const calls: Step[][] = [
			[note("under way"), { do: "wait", ms: 600_000 }],
			[{ do: "wait", ms: 50 }, ABORT],
		];
		const outcome = await bench.attempt({ do: "call", object, calls });
		expect(outcome).toHaveProperty("error");
	});

	test("no other call runs while an object awaits its storage", async () => {
		const object = bench.name();
		await bench.takeAtOnce(object, [
			[note("begin"), { do: "setAlarm", in: 60_000 }, note("end")],
			...Array.from({ length: 10 }, () => [note("other")]),
		]);
		const steps = (await bench.steps(object, 0)).map(({ step }) => step);
		const begin = steps.indexOf("begin");
		expect(steps.slice(begin, begin + 3)).toEqual(["begin", "setAlarm", "end"]);
		expect(steps.filter((step) => step === "other")).toHaveLength(10);
	});

	test("other calls run while an object awaits anything else", async () => {
		const object = bench.name();
		await bench.takeAtOnce(object, [
			[note("begin"), { do: "wait", ms: 100 }, note("end")],
			...Array.from({ length: 10 }, () => [note("other")]),
		]);
		const steps = (await bench.steps(object, 0)).map(({ step }) => step);
		const between = steps.slice(steps.indexOf("begin"), steps.indexOf("end"));
		expect(between).toContain("other");
	});

	test("deleteAll drops the rows and the alarm", async () => {
		const object = bench.name();
		await bench.arm(object, 60_000);
		await bench.take(object, write("dropped"), { do: "deleteAll" });
		expect(await bench.take(object, ROWS, { do: "getAlarm" })).toEqual([
			[],
			null,
		]);
	});
}
