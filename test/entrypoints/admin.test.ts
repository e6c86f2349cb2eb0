/** `createAdmin` over the binding to the owner's `Operator`, with real queues and objects. */
import { env } from "cloudflare:workers";
import { afterEach, expect, test, vi } from "vitest";
import { createAdmin, type OperatorBinding } from "../../src/admin.ts";
import { NonRetryableError } from "../../src/index.ts";
import { behaviours, events } from "../support/worker.ts";

const { OPERATOR, READER } = env as unknown as Record<
	"OPERATOR" | "READER",
	OperatorBinding
>;
const admin = createAdmin(OPERATOR);
const wait = { timeout: 15_000, interval: 20 };

afterEach(() => behaviours.clear());

test("an operator finds a failure, replays it and sees it resolved, without a key", async () => {
	behaviours.set("load", () => {
		throw new NonRetryableError("no");
	});
	const tags = { customer: crypto.randomUUID() };
	const { id } = await events.publish("load.one", { tags }, { n: 1 });
	const q = `tag.customer:${tags.customer}`;
	const { deadLetters, count } = await vi.waitFor(async () => {
		const found = await admin.deadLetters.list({ q });
		expect(found.count).toBe(1);
		return found;
	}, wait);
	expect({ count, letter: deadLetters[0] }).toMatchObject({
		count: 1,
		letter: { id: `${id}:load`, preview: '{"n":1}' },
	});
	expect((await admin.deadLetters.groups(q)).groups).toMatchObject([
		{ handler: "load", reason: "NonRetryableError: no", count: 1 },
	]);
	behaviours.clear();
	const job = await admin.jobs.start({ action: "replay", q });
	await vi.waitFor(async () => {
		expect(await admin.jobs.get(job.id ?? "")).toMatchObject({
			state: "done",
			done: 1,
			by: "console",
		});
		expect(await admin.deadLetters.get(`${id}:load`)).toMatchObject({
			state: "resolved",
			event: { body: { n: 1 } },
		});
		expect(await admin.events.get(id)).toMatchObject({ state: "delivered" });
	}, wait);
	await expect(admin.deadLetters.replay(`${id}:load`)).rejects.toMatchObject({
		name: "RefusedError",
		code: "already_replayed",
	});
}, 30_000);

test("what does not exist is null or false, and a wrong filter is an error", async () => {
	expect(await admin.events.get("none")).toBeNull();
	expect(await admin.deadLetters.get("none")).toBeNull();
	expect(await admin.jobs.get("none")).toBeNull();
	expect(await admin.deadLetters.discard("none")).toBe(false);
	expect(await admin.scheduled.cancel("none")).toBe(false);
	expect(await admin.deliveries.retry("none:x")).toBe(false);
	expect(await admin.jobs.stop("none")).toBe(false);
	const refused = (async () => admin.events.list({ q: "stat:dead" }))();
	await expect(refused).rejects.toThrow('unknown word "stat"');
});

test("an event is scheduled, listed, moved and cancelled", async () => {
	const { id } = await events.publish("order.later", { after: "1 day" }, 1);
	const { scheduled } = await admin.scheduled.list({ limit: 1_000 });
	expect(scheduled.map((one) => one.id)).toContain(id);
	expect(await admin.scheduled.reschedule(id, "2 days")).toMatchObject({ id });
	expect(await admin.scheduled.cancel(id)).toBe(true);
	expect(await admin.scheduled.reschedule(id, "2 days")).toBeNull();
});

test("the props of a binding limit what it may do", async () => {
	const reader = createAdmin(READER);
	expect((await reader.health()).queues).toHaveProperty("events");
	expect((await reader.handlers()).handlers.length).toBeGreaterThan(0);
	const start = (async () =>
		reader.jobs.start({ action: "discard", q: "id:x" }))();
	await expect(start).rejects.toMatchObject({ name: "ForbiddenError" });
});

test("a target that is neither a binding nor a URL with a key is refused at once", () => {
	for (const target of [undefined, null, 5, {}, { url: "events.example" }])
		expect(() => createAdmin(target as never)).toThrow(TypeError);
});
