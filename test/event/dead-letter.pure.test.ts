import { expect, test } from "vitest";
import { deadLetterId, summaryOf } from "../../src/event/dead-letter.ts";
import type { EventHead } from "../../src/event/envelope.ts";

const head = {
	id: "01994b1e-6f3a-7c11-8a2b-0123456789ff",
	name: "order.placed",
	time: 1_000,
	delay: 0,
};

test("an event has one dead letter for each handler", () => {
	expect(deadLetterId(head.id, "audit")).toBe(deadLetterId(head.id, "audit"));
	expect(deadLetterId(head.id, "audit")).toBe(`${head.id}:audit`);
	expect(deadLetterId(head.id, "audit")).not.toBe(
		deadLetterId(head.id, "ledger"),
	);
	expect(deadLetterId("other", "audit")).not.toBe(
		deadLetterId(head.id, "audit"),
	);
});

test("a list shows a dead letter with the start of its body, its tags, and no unknown members", () => {
	const stored = {
		id: deadLetterId(head.id, "audit"),
		head: { ...head, v: 1, trace: "t", tags: { customer: "c42" } } as EventHead,
		handler: "audit",
		cause: "exhausted",
		error: { name: "Error", message: "closed" },
		attempts: 3,
		firstFailureAt: 2_000,
		lastFailureAt: 3_000,
		state: "resolved",
		changedAt: 4_000,
		replays: 1,
		isSent: true,
		history: [],
		deploy: "",
		body: "x".repeat(1_000),
	} as const;
	const { head: _, body: __, isSent: ___, ...others } = stored;
	expect(summaryOf(stored)).toStrictEqual({
		...others,
		event: { ...head, tags: { customer: "c42" } },
		preview: "x".repeat(200),
	});
});
