/** Conservation: for each handler, every accepted event ends as delivered, dead or cancelled. */
import { beforeAll, expect, test, vi } from "vitest";
import { call, installKeys } from "../support/http.ts";
import { behaviours, events, transitions } from "../support/worker.ts";

beforeAll(installKeys);

const ENDS = ["delivered", "dead", "cancelled"];
const HANDLERS = {
	"order.placed": ["first", "second", "third"],
	"load.one": ["load"],
};

/** One event in ten always fails, and one in ten fails at its first attempt only. */
function misbehave(id: string): void {
	behaviours.set(id, ({ body }, { attempt }) => {
		const { n } = body as { n: number };
		if (n % 10 === 3) throw new Error("always");
		if (n % 10 === 7 && attempt === 1) throw new Error("at first");
	});
}

test("each of four thousand events ends exactly once for each handler, and none is early", async () => {
	for (const id of ["load", "second"]) misbehave(id);
	const ledger = new Map<string, string>();
	const cancelled = new Set<string>();
	let n = 0;
	for (let batch = 0; batch < 40; batch++) {
		const name = batch % 4 === 0 ? "order.placed" : "load.one";
		const receipts = await events.publishBatch(
			Array.from({ length: 100 }, () => ({
				name,
				body: { n: n++ },
				...(batch % 8 === 1 && { after: 200 + (n % 50) * 10 }),
				...(batch % 8 === 2 && n % 2 === 0 && { after: "1 hour" }),
			})),
		);
		for (const { id, delay } of receipts) {
			if (delay < 3_600_000) ledger.set(id, name);
			else cancelled.add(id);
		}
	}
	for (const id of cancelled) expect(await events.cancel(id)).toBe(true);

	const expected = [...ledger].flatMap(([id, name]) =>
		HANDLERS[name as keyof typeof HANDLERS].map(
			(handler) => `${id} ${handler}`,
		),
	);
	const ended = () =>
		transitions.flatMap((transition) =>
			ENDS.includes(transition.type) && "handler" in transition
				? [`${transition.id} ${transition.handler}`]
				: [],
		);
	await vi.waitFor(
		() => expect(ended().length).toBeGreaterThanOrEqual(expected.length),
		{ timeout: 60_000, interval: 50 },
	);

	// Nothing is missing, nothing is delivered twice, and no cancelled event is delivered.
	expect(ended().sort()).toEqual(expected.sort());
	const count = (type: string) =>
		transitions.filter((transition) => transition.type === type).length;
	expect(count("cancelled")).toBe(cancelled.size);

	// Each dead delivery has one dead letter, and there are no others.
	const dead = transitions.flatMap((t) =>
		t.type === "dead" ? [`${t.id}:${t.handler}`] : [],
	);
	expect(dead.length).toBeGreaterThan(300);
	const deadLetters = async () => {
		const ids: string[] = [];
		for (let cursor = ""; ; ) {
			const { json } = await call(
				"GET",
				`/v1/dead-letters?limit=1000${cursor && `&cursor=${cursor}`}`,
			);
			ids.push(...json.deadLetters.map(({ id }: { id: string }) => id));
			if (!json.cursor) return ids;
			cursor = json.cursor;
		}
	};
	await vi.waitFor(
		async () => expect((await deadLetters()).sort()).toEqual(dead.sort()),
		{ timeout: 20_000, interval: 100 },
	);

	// Nothing is early.
	const due = new Map(
		transitions.flatMap((t) =>
			t.type === "scheduled" ? [[t.id, t.dueAt]] : [],
		),
	);
	for (const { type, id, at } of transitions)
		if (type === "delivered" && due.has(id))
			expect(at).toBeGreaterThanOrEqual(due.get(id) as number);
}, 120_000);
