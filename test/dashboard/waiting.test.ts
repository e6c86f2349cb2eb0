/** The pages of scheduled events and waiting deliveries: what they show, what they offer to whom, and what they do. */
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { portsOf } from "../../src/registration.ts";
import { installKeys } from "../support/http.ts";
import { behaviours, events, transitions } from "../support/worker.ts";
import { signedIn } from "./visit.ts";

beforeEach(async () => {
	await installKeys();
	vi.spyOn(console, "info").mockReturnValue();
	vi.spyOn(console, "warn").mockReturnValue();
});
afterEach(() => {
	behaviours.clear();
	vi.restoreAllMocks();
});

const wait = { timeout: 20_000, interval: 20 };
const bindings = env as unknown as { API_KEYS: string };

const person = (key: "admin" | "read" = "admin") => signedIn(key, "/scheduled");

const plain = (html: string) =>
	html.replace(/<[^>]*>/g, " ").replace(/\s+/g, " ");
const q = (text: string) => new URLSearchParams({ q: text });
const done = (id: string) =>
	transitions.filter((one) => one.id === id && one.by !== undefined);

async function schedule(customer: string, after = "3 hours", name = "a.later") {
	const options = { after, tags: { customer } };
	return (await events.publish(name, options, 1)).id;
}

describe("scheduled events", () => {
	test("are listed with the time until they are due, and by the hour of the next days", async () => {
		const customer = crypto.randomUUID();
		const at = Math.ceil(Date.now() / 3_600_000 + 30) * 3_600_000;
		for (const minutes of [1, 2, 59])
			await schedule(customer, new Date(at + minutes * 60_000).toISOString());
		const admin = await person();
		const { scheduler } = portsOf(events);
		const calls = [
			vi.spyOn(scheduler, "list"),
			vi.spyOn(scheduler, "countByHour"),
		];
		const { text } = await admin.get(
			`/scheduled?${q(`tag.customer:${customer}`)}`,
		);
		for (const call of calls) expect(call).toHaveBeenCalledOnce();
		expect(text.match(/data-row/g)).toHaveLength(3);
		expect(text.length).toBeLessThan(100_000);
		expect(plain(text)).toMatch(/in 1 d \d+ h/);
		const hour = new Date(at).toISOString().slice(11, 16);
		const [, cell = ""] =
			new RegExp(
				`<a href="([^"]+)" aria-label="[^"]+ ${hour} UTC: 3 events"`,
			).exec(text) ?? [];
		const listed = await admin.get(cell.replaceAll("&amp;", "&"));
		expect(listed.text.match(/data-row/g)).toHaveLength(3);
		expect(listed.text).toContain(`tag.customer:${customer} since:`);
	});

	test("are moved to another time, and a wrong one is explained", async () => {
		const id = await schedule(crypto.randomUUID());
		const admin = await person();
		const { text } = await admin.get(`/scheduled/${id}`);
		expect(plain(text)).toMatch(/Due .* in 2 h 59 min/);
		for (const [after, message] of [
			["2 dyas", "unknown unit"],
			["2 years", "more than one year ahead"],
			["", "is not a time"],
			['"><b>', "is not a time"],
		] as const) {
			const { status, text } = await admin.post(`/scheduled/${id}/reschedule`, {
				after,
			});
			expect([after, status]).toEqual([after, 422]);
			expect(text).toContain(message);
			expect(text).not.toContain("<b>&quot;");
		}
		for (const [after, shown] of [
			["2 days", "in 1 d 23 h"],
			["7200000", "in 1 h 59 min"],
		] as const) {
			const path = `/scheduled/${id}/reschedule`;
			const { location } = await admin.post(path, { after });
			const { text } = await admin.get(location as string);
			expect(text).toContain("The event has a new due time.");
			expect(plain(text)).toContain(shown);
		}
		expect(done(id)).toMatchObject([
			{ type: "rescheduled", by: "admin" },
			{ type: "rescheduled", by: "admin" },
		]);
	});

	test("are delivered now, to all their handlers", async () => {
		const seen: string[] = [];
		behaviours.set("second", ({ id }) => void seen.push(id));
		const id = await schedule(crypto.randomUUID(), "3 hours", "order.later");
		const admin = await person();
		const { location } = await admin.post(`/scheduled/${id}/deliver`, {});
		expect(location).toBe(`/events/${id}`);
		await vi.waitFor(() => expect(seen).toEqual([id]), wait);
		expect((await admin.get(`/scheduled/${id}`)).status).toBe(404);
		const again = await admin.post(`/scheduled/${id}/deliver`, {});
		expect(again.status).toBe(404);
		expect(again.text).toContain("already on its way, or was cancelled");
	});

	test("are cancelled, one or all that match", async () => {
		const customer = crypto.randomUUID();
		const [first = "", ...others] = await Promise.all(
			[1, 2, 3].map(() => schedule(customer)),
		);
		const admin = await person();
		expect((await admin.get(`/scheduled/${first}`)).text).toContain(
			"Cancel 1 event",
		);
		const { location } = await admin.post(`/scheduled/${first}/cancel`, {});
		expect((await admin.get(location as string)).text).toContain(
			"The event is cancelled.",
		);
		expect(await events.cancel(first)).toBe(false);
		expect(done(first)).toMatchObject([{ type: "cancelled", by: "admin" }]);

		const filter = `tag.customer:${customer}`;
		const list = await admin.get(`/scheduled?${q(filter)}`);
		const [, link = ""] = /href="([^"]+)">Cancel all 2…/.exec(list.text) ?? [];
		const asked = await admin.get(link.replaceAll("&amp;", "&"));
		expect(plain(asked.text)).toContain("Cancel 2 scheduled events?");
		const fields = { action: "cancel", q: filter, count: "2", typed: "2" };
		const begun = await admin.post("/jobs", fields);
		await vi.waitFor(async () => {
			const { text } = await admin.get(begun.location as string);
			expect(plain(text)).toContain("2 done");
		}, wait);
		for (const id of others) expect(await events.cancel(id)).toBe(false);
	});

	test("may be moved and cancelled only by a key that may publish them", async () => {
		const id = await schedule(crypto.randomUUID());
		const order = await schedule(crypto.randomUUID(), "3 hours", "order.later");
		const reader = await person("read");
		const { text } = await reader.get(`/scheduled/${id}`);
		expect(text).not.toContain('<form method="post" action="/scheduled');
		for (const act of ["reschedule", "deliver", "cancel"])
			expect(
				(await reader.post(`/scheduled/${id}/${act}`, { after: "1 day" }))
					.status,
			).toBe(403);
		expect((await reader.get("/scheduled")).text).not.toContain("Cancel all");
		bindings.API_KEYS = JSON.stringify(
			JSON.parse(bindings.API_KEYS).map((key: { id: string }) =>
				key.id === "read"
					? { ...key, scopes: ["read", "publish:order.**"] }
					: key,
			),
		);
		expect((await reader.get(`/scheduled/${id}`)).text).not.toContain(
			"Cancel 1",
		);
		expect((await reader.post(`/scheduled/${id}/cancel`, {})).status).toBe(403);
		expect((await reader.get(`/scheduled/${order}`)).text).toContain(
			"Cancel 1",
		);
		expect((await reader.post(`/scheduled/${order}/cancel`, {})).status).toBe(
			303,
		);
		expect(await events.cancel(order)).toBe(false);
		expect(await events.cancel(id)).toBe(true);
	});
});

describe("waiting deliveries", () => {
	/** Publishes an event whose handler fails, and then waits for 20 hours. */
	async function fail(customer: string): Promise<string> {
		behaviours.set("long", () => {
			throw new Error("<the bank is closed>");
		});
		const options = { tags: { customer } };
		const { id } = await events.publish("long.wait", options, 1);
		await vi.waitFor(async () => {
			const key = { id, handler: "long" };
			expect(await portsOf(events).scheduler.findDelivery(key)).not.toBeNull();
		}, wait);
		return id;
	}
	const pathOf = (id: string) => `/deliveries/${id}%3Along`;

	test("are listed with their last error, attempt and next time", async () => {
		const customer = crypto.randomUUID();
		const id = await fail(customer);
		const admin = await person();
		const list = vi.spyOn(portsOf(events).scheduler, "listDeliveries");
		const filter = `tag.customer:${customer}`;
		const { text } = await admin.get(`/deliveries?${q(filter)}`);
		expect(list).toHaveBeenCalledOnce();
		expect(text).toContain(`href="${pathOf(id)}" data-row`);
		expect(plain(text)).toContain("long Error: &lt;the bank is closed&gt;");
		expect(plain(text)).toMatch(/in 1\d h \d+ min attempt 2 of \d+/);
		const one = await admin.get(pathOf(id));
		expect(plain(one.text)).toContain(
			"Last error Error: &lt;the bank is closed",
		);
		expect(one.text).toContain(`href="/events/${id}"`);
	});

	test("are tried now", async () => {
		const id = await fail(crypto.randomUUID());
		const seen: number[] = [];
		behaviours.set("long", (_, { attempt }) => void seen.push(attempt));
		const admin = await person();
		await admin.get(pathOf(id));
		const { location } = await admin.post(`${pathOf(id)}/retry`, {});
		expect(location).toBe(`/events/${id}`);
		await vi.waitFor(() => expect(seen).toEqual([2]), wait);
		expect((await admin.get(pathOf(id))).status).toBe(404);
		const again = await admin.post(`${pathOf(id)}/retry`, {});
		expect(again.status).toBe(404);
		expect(again.text).toContain(
			"it has ended, is on its way, or was cancelled",
		);
		await vi.waitFor(async () => {
			const { text } = await admin.get(location as string);
			expect(plain(text)).toMatch(/Tried now .* by admin for long/);
		}, wait);
	});

	test("are cancelled, and the journal names the person", async () => {
		const id = await fail(crypto.randomUUID());
		const admin = await person();
		expect((await admin.get(pathOf(id))).text).toContain("Cancel 1 delivery");
		const { location } = await admin.post(`${pathOf(id)}/cancel`, {});
		expect((await admin.get(location as string)).text).toContain(
			"The delivery is cancelled.",
		);
		expect((await admin.get(pathOf(id))).status).toBe(404);
		expect(done(id)).toMatchObject([
			{ type: "cancelled", handler: "long", by: "admin" },
		]);
	});

	test("are only read with a key that may only read", async () => {
		const id = await fail(crypto.randomUUID());
		const reader = await person("read");
		const { status, text } = await reader.get(pathOf(id));
		expect(status).toBe(200);
		expect(text).not.toMatch(/Try 1 delivery|Cancel 1/);
		for (const act of ["retry", "cancel"])
			expect((await reader.post(`${pathOf(id)}/${act}`, {})).status).toBe(403);
		expect((await reader.get(pathOf(id))).status).toBe(200);
	});

	test("and scheduled events that are not there are explained", async () => {
		const admin = await person();
		for (const [path, message] of [
			["/deliveries/none", "This delivery does not wait"],
			["/deliveries/e%3Ah", 'href="/events/e"'],
			["/scheduled/none", "This event is not scheduled"],
			["/deliveries?q=cause:crashed", "a waiting delivery has no cause"],
			["/scheduled?q=handler:x", "scheduled events are not found by handler"],
			["/scheduled?q=name:none", "No scheduled event matches"],
			["/deliveries?q=name:none", "No waiting delivery matches"],
		])
			expect((await admin.get(path as string)).text).toContain(message);
	});
});
