/** The document of Ampt's `events.on()`, on real queues. */
import { events } from "tidings/ampt";
import { afterEach, expect, test, vi } from "vitest";
import { consume } from "../../../src/consume/queue.ts";
import { portsOf } from "../../../src/registration.ts";
import { incoming, record } from "../../support/incoming.ts";
import { transitions } from "../observed.ts";
import { expectTransitions, transitionsOf, wait } from "../transitions.ts";
import "../worker.ts";
import { behaviours, mails } from "./mail.ts";

afterEach(() => {
	behaviours.clear();
	mails.length = 0;
});

const body = { user_id: "2b6mgh78g334", email: "newuser@example.com" };

/** Delivered by each of the document's four handlers. */
const DELIVERED = Array.from({ length: 4 }, () => "delivered 1");

test("the handler is called when a user.joined event is received", async () => {
	const { id } = await events.publish("user.joined", body);
	await expectTransitions(id, ["published", ...DELIVERED]);
	expect(mails.map(({ email }) => email)).toContain(body.email);
});

test("the handler receives an event with exactly id, name, body, time and delay", async () => {
	const { id, time } = await events.publish("user.joined", body);
	await expectTransitions(id, ["published", ...DELIVERED]);
	expect(mails[0]?.event).toEqual({
		id,
		name: "user.joined",
		body,
		time,
		delay: 0,
	});
});

test("time is when publish was called, and delay how long the event was delayed, both in milliseconds", async () => {
	const before = Date.now();
	const { id } = await events.publish("user.joined", { after: 250 }, body);
	const after = Date.now();
	await expectTransitions(id, ["scheduled", "queued", ...DELIVERED]);
	const { time, delay } = mails[0]?.event ?? { time: 0 };
	expect(time).toBeGreaterThanOrEqual(before);
	expect(time).toBeLessThanOrEqual(after);
	expect(delay).toBe(250);
});

test("the event is processed on or after its time, never before", async () => {
	const handledAt: number[] = [];
	behaviours.set("handle", () => handledAt.push(Date.now()));
	const { id, time } = await events.publish(
		"user.joined",
		{ after: 300 },
		body,
	);
	await expectTransitions(id, ["scheduled", "queued", ...DELIVERED]);
	expect(handledAt).toHaveLength(1);
	expect(handledAt[0]).toBeGreaterThanOrEqual(time + 300);
});

test("the context has setTimeout", async () => {
	const { id } = await events.publish("user.joined", body);
	await expectTransitions(id, ["published", ...DELIVERED]);
	expect(mails[0]?.context?.setTimeout).toBeTypeOf("function");
});

test("there can be more than one handler for a name, and they are called in the order they are defined", async () => {
	const ends: string[] = [];
	for (const from of ["handle", "body", "timeout", "setTimeout"])
		behaviours.set(from, async () => {
			ends.push(`${from} begins`);
			await scheduler.wait(1);
			ends.push(`${from} ends`);
		});
	const { id } = await events.publish("user.joined", body);
	await expectTransitions(id, ["published", ...DELIVERED]);
	expect(ends).toEqual(
		["handle", "body", "timeout", "setTimeout"].flatMap((from) => [
			`${from} begins`,
			`${from} ends`,
		]),
	);
});

test("it is ok if there are no handlers for an event: it is ignored", async () => {
	const { id } = await events.publish("nobody.cares", body);
	await expectTransitions(id, ["published", "ignored"]);
});

test("there is no guarantee of order: an event published later may be handled earlier", async () => {
	const [first, second] = await Promise.all([
		events.publish("user.joined", { after: 300 }, body),
		events.publish("user.joined", body),
	]);
	await expectTransitions(first.id, ["scheduled", "queued", ...DELIVERED]);
	await expectTransitions(second.id, ["published", ...DELIVERED]);
	const handled = mails
		.filter(({ from }) => from === "handle")
		.map(({ event }) => event?.id);
	expect(handled).toEqual([second.id, first.id]);
});

test("there is no guarantee that a handler is called only once: duplicates have the same id", async () => {
	const text = record("user.joined", body);
	for (const message of [incoming(text), incoming(text)])
		await consume([message], "events", portsOf(events));
	const handled = mails.filter(({ from }) => from === "handle");
	expect(handled).toHaveLength(2);
	expect(handled[0]?.event).toEqual(handled[1]?.event);
});

test("if a handler throws, only that handler is retried, in six minutes", async () => {
	behaviours.set("body", () => {
		throw new Error("the mail server is down");
	});
	const { id } = await events.publish("user.joined", body);
	await expectTransitions(id, [
		"published",
		...DELIVERED.slice(1),
		"retrying 1",
	]);
	const retrying = transitions.find(
		(transition) => transition.id === id && transition.type === "retrying",
	);
	expect(retrying).toMatchObject({
		error: { message: "the mail server is down" },
	});
	const { retryAt, at } = retrying as { retryAt: number; at: number };
	expect(retryAt - at).toBe(6 * 60_000);
	await vi.waitFor(() => expect(mails).toHaveLength(4), wait);
	expect(transitionsOf(id)).toHaveLength(5);
});
