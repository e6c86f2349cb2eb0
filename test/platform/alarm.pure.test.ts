import { beforeEach, expect, test, vi } from "vitest";
import { Alarm } from "../../src/platform/alarm.ts";

const NOW = Date.UTC(2027, 0, 1);
const MINUTE = 60_000;
const YEAR = 365 * 86_400_000;

let now: number;
/** The alarm in storage. */
let at: number | null;
let writes: number;
let isDown: boolean;
let alarm: Alarm;

beforeEach(() => {
	vi.spyOn(console, "error").mockImplementation(() => {});
	[now, at, writes, isDown] = [NOW, null, 0, false];
	alarm = restarted();
});

function restarted(): Alarm {
	const write = async (to: number | null) => {
		if (isDown) throw new Error("storage is down");
		writes++;
		at = to;
	};
	const storage = {
		getAlarm: async () => at,
		setAlarm: (to: number | Date) => write(Number(to)),
		deleteAlarm: () => write(null),
	};
	return new Alarm("Scheduler", { name: "shard-3" }, storage, () => now);
}

/** Fires the alarm, as the platform does. */
async function fire(
	next: number | null,
	work: () => Promise<void> = async () => {},
	isRetry = false,
): Promise<void> {
	at = null;
	await alarm.run(isRetry, work, () => next);
}

test.each([
	["the present", 0, 1],
	["the past", -MINUTE, 1],
	["the next millisecond", 1, 1],
	["a year", YEAR, YEAR],
	["the year 2300", 10 * 30 * YEAR, YEAR],
])(
	"an alarm for %s is set within a millisecond and a year from now",
	async (_, ahead, set) => {
		await alarm.setBy(NOW + ahead);
		expect(at).toBe(NOW + set);
		await alarm.setTo(null);
		await alarm.setTo(NOW + ahead);
		expect(at).toBe(NOW + set);
		alarm = restarted();
		await fire(NOW + ahead);
		expect(at).toBe(NOW + set);
	},
);

test("later work writes nothing while an earlier alarm is set, and earlier work moves the alarm", async () => {
	await alarm.setBy(NOW + 1_000);
	await alarm.setBy(NOW + 1_000);
	await alarm.setBy(NOW + 2_000);
	await alarm.setTo(NOW + 1_000);
	expect(writes).toBe(1);
	await alarm.setBy(NOW + 500);
	expect(at).toBe(NOW + 500);
	await alarm.setTo(NOW + 2_000);
	expect(at).toBe(NOW + 2_000);
});

test("an alarm that is about to fire is not set again for work that is due", async () => {
	await alarm.setBy(NOW);
	now += 5;
	await alarm.setBy(NOW - 1_000);
	await alarm.setTo(NOW - 1_000);
	expect(writes).toBe(1);
});

test("the alarm is set in the tick of the call", () => {
	void alarm.setBy(NOW + 1_000);
	expect(at).toBe(NOW + 1_000);
	void alarm.setTo(null);
	expect(at).toBeNull();
});

test("an alarm that could not be set is not remembered as set", async () => {
	isDown = true;
	await expect(alarm.setBy(NOW + 1_000)).rejects.toThrow("storage is down");
	isDown = false;
	await alarm.setBy(NOW + 2_000);
	expect(at).toBe(NOW + 2_000);
});

test("an alarm overdue by a minute counts as missing", async () => {
	await alarm.setBy(NOW + 1_000);
	at = null;
	now += 1_000 + MINUTE;
	await alarm.setBy(now + 5_000);
	expect(at).toBeNull();
	now += 1;
	await alarm.setBy(now + 5_000);
	expect(at).toBe(now + 5_000);
});

test("an alarm that is set and does not fire is set again by a check", async () => {
	at = NOW - MINUTE - 1;
	await alarm.check(() => NOW - MINUTE, MINUTE);
	expect(at).toBe(NOW + 1);
});

test("an object that starts sets a missing alarm, and starts even if it cannot", async () => {
	await alarm.start(() => NOW + 1_000);
	expect(at).toBe(NOW + 1_000);
	at = null;
	isDown = true;
	alarm = restarted();
	await alarm.start(() => NOW + 1_000);
	const [line] = vi.mocked(console.error).mock.calls[0] as [string];
	expect(JSON.parse(line)).toMatchObject({
		tidings: "alarm_not_set",
		object: "Scheduler shard-3",
	});
	isDown = false;
	await alarm.setBy(NOW + 2_000);
	expect(at).toBe(NOW + 2_000);
});

test("a check accepts an alarm within its tolerance", async () => {
	at = NOW + MINUTE;
	await alarm.check(() => NOW + 1, MINUTE);
	expect(writes).toBe(0);
	await alarm.check(() => NOW, MINUTE - 2);
	expect(at).toBe(NOW + 1);
});

test("a retry sets the alarm before the work that can fail", async () => {
	const seen: unknown[] = [];
	const failing = async () => {
		seen.push(at);
		throw new Error("no");
	};
	await expect(fire(null, failing)).rejects.toThrow("no");
	await expect(fire(null, failing, true)).rejects.toThrow("no");
	expect(seen).toEqual([null, NOW + MINUTE]);
});

test("a retry whose work leaves none removes the alarm", async () => {
	await fire(null, undefined, true);
	expect(at).toBeNull();
});

test("an early alarm is set 10 ms later, doubling up to a minute", async () => {
	const dueAt = NOW + 10 * MINUTE;
	await alarm.setBy(dueAt);
	const delays: number[] = [];
	for (let count = 0; count < 15; count++) {
		await fire(dueAt);
		delays.push(Number(at) - dueAt);
	}
	expect(delays).toEqual([
		10,
		20,
		40,
		80,
		160,
		320,
		640,
		1_280,
		2_560,
		5_120,
		10_240,
		20_480,
		40_960,
		MINUTE,
		MINUTE,
	]);
	now = Number(at);
	await fire(now + 1_000);
	expect(at).toBe(now + 1_000);
});
