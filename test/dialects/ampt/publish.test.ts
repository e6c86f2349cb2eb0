/** The document of Ampt's `events.publish()`. */
import { exports } from "cloudflare:workers";
import dayjs from "dayjs";
import { events, type TidingsEvent } from "tidings/ampt";
import { afterEach, expect, test, vi } from "vitest";
import { portsOf } from "../../../src/registration.ts";
import { expectTransitions, wait } from "../transitions.ts";
import "../worker.ts";
import { publishLater } from "./src/api/publish-later.ts";

const seen: TidingsEvent[] = [];
events.on("my-event", { id: "my-event" }, (event) => void seen.push(event));

afterEach(() => {
	vi.restoreAllMocks();
	seen.length = 0;
});

const SECOND = 1_000;
const DAY = 86_400_000;

/** The delay that results from `after`. Cancels the event. */
async function delayOf(after: unknown): Promise<number> {
	const receipt = await events.publish(
		"my-event",
		{ after: after as number },
		null,
	);
	expect(await events.cancel(receipt.id)).toBe(true);
	return receipt.delay;
}

/** When an event is due that is published at this time with this `after`. */
async function dueAt(now: string, after: string): Promise<string> {
	vi.spyOn(portsOf(events), "clock").mockReturnValue(Date.parse(now));
	return new Date(Date.parse(now) + (await delayOf(after))).toISOString();
}

test("an API handler publishes an event with a body and responds without waiting for it", async () => {
	const { default: worker } = exports as unknown as { default: Fetcher };
	const { status } = await worker.fetch("https://seeds.test/events", {
		method: "POST",
		body: JSON.stringify({ hello: "there" }),
	});
	expect(status).toBe(204);
	await vi.waitFor(() => expect(seen).toHaveLength(1), wait);
	expect(seen[0]).toMatchObject({ name: "my-event", body: { hello: "there" } });
});

test("you can delay when an event is published using the after option: user.joined is sent in one day", async () => {
	const { id, delay } = await publishLater();
	expect(delay).toBe(DAY);
	expect(await events.cancel(id)).toBe(true);
	await expectTransitions(id, ["scheduled", "cancelled"]);
});

test.each([0, -1, "0 days", new Date(0), "2020-01-14T17:46:05.811Z"])(
	"after must be greater than zero: %j is rejected",
	async (after) => {
		await expect(
			events.publish("my-event", { after: after as number }, null),
		).rejects.toMatchObject({ code: "invalid_after" });
	},
);

test("after can be up to one year in the future, and no more", async () => {
	vi.spyOn(portsOf(events), "clock").mockReturnValue(Date.UTC(2027, 0, 14));
	expect(await delayOf("1 year")).toBe(365 * DAY);
	await expect(delayOf(Date.UTC(2028, 0, 14))).resolves.toBe(365 * DAY);
	await expect(delayOf(Date.UTC(2028, 0, 14) + 1)).rejects.toMatchObject({
		code: "invalid_after",
	});
});

test("after can be a number of milliseconds to wait", async () => {
	expect(await delayOf(90_000)).toBe(90_000);
});

const LATER = Date.UTC(2027, 0, 14, 17, 46, 5, 811);

test.each([
	["a unix epoch timestamp in milliseconds", LATER],
	["a string with a date and time in UTC", "2027-01-14T17:46:05.811Z"],
	["a Date", new Date(LATER)],
	[
		"a Date computed by dayjs",
		dayjs(LATER - DAY)
			.add(1, "day")
			.toDate(),
	],
])("after can be %s", async (_, after) => {
	vi.spyOn(portsOf(events), "clock").mockReturnValue(LATER - 5 * DAY);
	expect(await delayOf(after)).toBe(5 * DAY);
});

test.each([
	["second", SECOND],
	["minute", 60 * SECOND],
	["hour", 3_600 * SECOND],
	["day", DAY],
	["week", 7 * DAY],
	["month", 31 * DAY],
	["year", 365 * DAY],
])(
	"after can be a number and a unit in singular or plural: %s",
	async (unit, delay) => {
		vi.spyOn(portsOf(events), "clock").mockReturnValue(Date.UTC(2027, 0, 14));
		expect(await delayOf(`1 ${unit}`)).toBe(delay);
		expect(await delayOf(`1 ${unit}s`)).toBe(delay);
	},
);

test("calculations are done in UTC", async () => {
	// Where clocks change on 28 March, a local day would have 23 hours.
	expect(await dueAt("2027-03-27T12:00:00.000Z", "1 day")).toBe(
		"2027-03-28T12:00:00.000Z",
	);
	expect(await dueAt("2027-01-31T23:30:00.000Z", "1 month")).toBe(
		"2027-02-28T23:30:00.000Z",
	);
});

test.each([
	["an object", { user_id: "2b6mgh78g334", tags: ["a", { b: null }] }],
	["a list", [1, "two", [3]]],
	["a text", "newuser@example.com"],
	["an empty text", ""],
	["a number", 0.5],
	["zero", 0],
	["true", true],
	["false", false],
	["null", null],
])("the body can be any data type of JSON: %s", async (_, body) => {
	const { id } = await events.publish("my-event", body);
	await expectTransitions(id, ["published", "delivered 1"]);
	expect(seen.map((event) => event.body)).toEqual([body]);
});

test("the event with its body and metadata must be less than 256 KB, and the largest one arrives", async () => {
	const receipt = await events.publish("my-event", "");
	await expectTransitions(receipt.id, ["published", "delivered 1"]);
	const [empty] = seen.splice(0);
	const room = 262_143 - JSON.stringify(empty).length;
	const { id } = await events.publish("my-event", "x".repeat(room));
	await expectTransitions(id, ["published", "delivered 1"]);
	expect(JSON.stringify(seen[0])).toHaveLength(262_143);
	await expect(
		events.publish("my-event", "x".repeat(room + 1)),
	).rejects.toMatchObject({ code: "event_too_large" });
});
