import { expect, test } from "vitest";
import { PAYLOAD_RETENTION } from "../../src/event/limits.ts";
import type { MoveResult } from "../../src/event/scheduled-row.ts";
import type { Transition } from "../../src/event/transition.ts";
import {
	cancel,
	reschedule,
	rescheduleRow,
} from "../../src/schedule/schedule.ts";

const NOW = 1_000_000;

const event = { id: "a", name: "user.left", time: 5, delay: 10, dueAt: 15 };
const found = { ...event, reference: null };
const requester = { permission: ["order.**"], caller: "the key 5" };
const forbidden = expect.objectContaining({
	name: "ForbiddenError",
	message:
		"the key 5 may not cancel or reschedule this event, because it may not publish it: extend its permission",
});

/** A scheduler that gives one answer, and what it was asked and observed. */
function answering(answer: MoveResult) {
	const asked: unknown[] = [];
	const observed: unknown[] = [];
	const ask = async (...question: unknown[]) => {
		asked.push(question);
		return answer;
	};
	const scheduler = { cancel: ask, reschedule: ask };
	const observe = ({ type }: Transition) => void observed.push(type);
	const ports = { scheduler, clock: () => NOW, observe };
	return { asked, observed, ports: ports as never };
}

test("a cancel and a reschedule are one call each, and are observed", async () => {
	const { asked, observed, ports } = answering(found);
	expect(await cancel("a", ports, requester)).toBe(true);
	expect(await reschedule("a", 10, ports)).toEqual({
		id: "a",
		time: 5,
		delay: 10,
	});
	expect(asked).toEqual([
		["a", ["order.**"]],
		["a", NOW + 10, "all"],
	]);
	expect(observed).toEqual(["cancelled", "rescheduled"]);
});

test("a cancel or reschedule of an event that is gone returns false and is not observed", async () => {
	const { observed, ports } = answering("gone");
	expect(await cancel("a", ports, requester)).toBe(false);
	expect(await reschedule("a", 10, ports, requester)).toBe(false);
	expect(observed).toEqual([]);
});

test("a requester who may not publish the event does not learn its name", async () => {
	const { observed, ports } = answering("forbidden");
	await expect(cancel("a", ports, requester)).rejects.toEqual(forbidden);
	await expect(reschedule("a", 10, ports, requester)).rejects.toEqual(
		forbidden,
	);
	expect(observed).toEqual([]);
});

test("a requester without any permission does not learn whether the event exists", async () => {
	const { asked, ports } = answering(found);
	const nobody = { ...requester, permission: [] };
	await expect(cancel("a", ports, nobody)).rejects.toEqual(forbidden);
	await expect(reschedule("a", 10, ports, nobody)).rejects.toEqual(forbidden);
	expect(asked).toEqual([]);
});

test("a rescheduled event extends its large body first, and keeps its time if that fails", async () => {
	const done: unknown[] = [];
	const large = { ...event, reference: "body of a" };
	const rows = {
		find: () => large,
		reschedule: (_: string, dueAt: number) => {
			done.push(["rescheduled", dueAt]);
			return large;
		},
	};
	const extend = async (key: string, until: number) =>
		done.push(["kept", key, until]) > 0;
	await rescheduleRow("a", NOW, "all", rows, { extend });
	expect(done.splice(0)).toEqual([
		["kept", "body of a", NOW + PAYLOAD_RETENTION],
		["rescheduled", NOW],
	]);
	const down = async () => {
		throw new Error("down");
	};
	const moving = rescheduleRow("a", NOW, "all", rows, { extend: down });
	await expect(moving).rejects.toThrow("down");
	expect(done).toEqual([]);
});
