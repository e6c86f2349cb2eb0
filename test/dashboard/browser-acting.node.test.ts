/** What a person does about failures and schedules, in Chromium, in front of the Worker of the shop. */
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { start as startPages } from "../../bench/pages/runtime.ts";
import {
	keyOf,
	look,
	openShop,
	openUntil,
	type Shop,
	wait,
} from "./browser.ts";

let shop: Shop;

beforeAll(async () => {
	shop = await openShop();
});
afterEach(() => expect(shop.complaints).toEqual([]));
afterAll(() => shop?.close());

/** Its address is rejected at once, so it becomes a dead letter. */
const undeliverable = (tags: object, email = "ada@example.invalid") => ({
	name: "order.shipped",
	body: { orderId: "o-1", email },
	tags,
});

/** Publishes many events in one call. */
async function publishAll(batch: readonly object[]): Promise<void> {
	const response = await fetch(`${shop.url}/v1/events`, {
		method: "POST",
		headers: {
			authorization: `Bearer ${keyOf("oncall")}`,
			"content-type": "application/json",
		},
		body: JSON.stringify(batch),
	});
	if (!response.ok) throw new Error(await response.text());
}

const list = (q: string, path = "/dead-letters") =>
	`${shop.url}${path}?${new URLSearchParams({ q })}`;

test("pages without data say how to get some", async () => {
	const page = await shop.open();
	await shop.signIn(page);
	for (const [path, text] of [
		["dead-letters", "No dead letters"],
		["dead-letters/groups", "No dead letters to group"],
		["deliveries", "No delivery waits"],
		["scheduled", "Nothing is scheduled"],
		["jobs", "No jobs yet"],
	] as const) {
		await page.goto(`${shop.url}/${path}`);
		expect(await page.textContent("main")).toContain(text);
		await look(page, `${path.replace("/", "-")}-empty`);
	}
});

test("a person finds a dead letter by its customer, edits it, replays it, and sees it resolved", async () => {
	const page = await shop.open();
	await shop.signIn(page);
	await shop.publish(undeliverable({ customer: "c42" }));
	await openUntil(page, list("tag.customer:c42"), "1 dead letter");
	await look(page, "dead-letters");
	await page.goto(list("tag.customer:c42", "/dead-letters/groups"));
	await look(page, "dead-letter-groups");
	await page.keyboard.press("j");
	await page.keyboard.press("Enter");
	await page.waitForURL(/\/dead-letters\?/);
	await page.getByRole("link", { name: "order.shipped" }).click();
	await page.getByRole("heading", { name: "Edit and replay" }).waitFor();
	await look(page, "dead-letter");
	await page.evaluate("window.isTheSame = true");
	await page.keyboard.press("r");
	expect(await page.evaluate("document.activeElement.name")).toBe("body");
	await page.getByLabel("Body").fill("{");
	await page.getByText("it is not JSON").waitFor(wait);
	await look(page, "dead-letter-draft");
	await page.getByLabel("Body").fill('{"orderId":"o-1","email":"ada@ex.org"}');
	await page.getByText("The body is JSON").waitFor(wait);
	expect(await page.evaluate("window.isTheSame")).toBe(true);
	await page.getByRole("button", { name: "Replay 1 dead letter" }).click();
	await page.locator(".state.good", { hasText: "resolved" }).waitFor(wait);
	await page.getByRole("link", { name: /^[0-9a-f-]{36}$/ }).click();
	await openUntil(page, page.url(), "delivered");
});

test("a dead letter with a long body shows its start, with a link to the rest", async () => {
	const page = await shop.open();
	await shop.signIn(page);
	const { body, ...event } = undeliverable({ customer: "c44" });
	const note = "x".repeat(77_000);
	await shop.publish({ ...event, body: { ...body, note } });
	await openUntil(page, list("tag.customer:c44"), "1 dead letter");
	await page.getByRole("link", { name: "order.shipped" }).click();
	await page.getByRole("link", { name: "Open the whole body" }).waitFor();
	await look(page, "dead-letter-long");
});

test("a person replays all that match by a job, and sees it end", async () => {
	const page = await shop.open();
	await shop.signIn(page);
	await publishAll(Array(60).fill(undeliverable({ batch: "mine" })));
	await openUntil(page, list("tag.batch:mine"), "60 dead letters");
	await page.getByRole("link", { name: "Replay all 60…" }).click();
	await page.getByLabel("Type 60 to confirm").waitFor(wait);
	await look(page, "job-confirmation");
	const start = page.getByRole("button", { name: "Replay 60 dead letters" });
	await page.getByLabel("Type 60 to confirm").fill("61");
	await start.click();
	expect(await page.getByRole("alert").textContent()).toContain(
		"Nothing was done",
	);
	await page.getByLabel("Type 60 to confirm").fill("60");
	await page.keyboard.press("Enter");
	await page.locator(".state.good", { hasText: "done" }).waitFor(wait);
	expect(await page.textContent(".figures")).toContain("60 done");
	await look(page, "job");
	await page.getByRole("link", { name: "Jobs" }).first().click();
	await page.getByRole("heading", { name: "Jobs", exact: true }).waitFor();
	await look(page, "jobs");
});

test("with the keyboard alone a person tries and cancels waiting deliveries, reads subscriptions, and stops and continues a job of 500", async () => {
	const running = await startPages();
	try {
		const { cookie } = await running.fill({
			events: 60,
			deadLetters: 500,
			scheduled: 60,
			deliveries: 60,
			jobs: 9,
			subscriptions: 60,
		});
		const page = await shop.open();
		const [name = "", value = ""] = cookie.split("=");
		await page.context().addCookies([{ name, value, url: running.url }]);
		const { keyboard } = page;
		await page.goto(`${running.url}/deliveries`);
		await look(page, "deliveries");
		for (const key of ["j", "j", "k", "Enter"]) await keyboard.press(key);
		await page.getByRole("button", { name: "Try 1 delivery now" }).waitFor();
		await look(page, "delivery");
		await keyboard.press("r");
		await keyboard.press("Enter");
		await page.waitForURL(/\/events\//);
		await page.goto(`${running.url}/deliveries`);
		for (const key of ["k", "Enter"]) await keyboard.press(key);
		await page.locator("summary", { hasText: "Cancel" }).focus();
		for (const key of ["Enter", "Tab", "Enter"]) await keyboard.press(key);
		await page.getByText("The delivery is cancelled.").waitFor(wait);
		await page.goto(`${running.url}/handlers`);
		await look(page, "handlers-many");
		await page.getByRole("link", { name: "@pages/bell/rung" }).focus();
		await keyboard.press("Enter");
		await page.getByRole("columnheader", { name: "Key" }).waitFor();
		await look(page, "subscriptions");
		await page.goto(`${running.url}/dead-letters`);
		// The clock of this Worker stands still, so that the job waits for its first batch.
		for (const next of ["Replay all 500…", "what still matches…"]) {
			await page.getByRole("link", { name: next }).focus();
			await keyboard.press("Enter");
			await page.getByLabel("Type 500 to confirm").waitFor(wait);
			await keyboard.type("500");
			await keyboard.press("Enter");
			await page.getByRole("button", { name: "Stop" }).focus();
			if (next.startsWith("Replay")) await keyboard.press("Enter");
			const state = next.startsWith("Replay") ? "stopped" : "running";
			await page.locator(".state", { hasText: state }).waitFor(wait);
		}
		await look(page, "job-running");
		await page.context().close();
	} finally {
		await running.stop();
	}
});

test("a person moves a scheduled event, and cancels it", async () => {
	const page = await shop.open();
	await shop.signIn(page);
	const later = {
		name: "order.review-requested",
		after: "3 hours",
		body: { orderId: "o-1", email: "ada@example.com" },
		tags: { customer: "c42" },
	};
	const id = await shop.publish(later);
	for (const hours of [20, 20, 45, 100])
		await shop.publish({ ...later, after: `${hours} hours` });
	await page.goto(`${shop.url}/scheduled`);
	await look(page, "scheduled");
	const row = page.locator(`#scheduled-${id}`);
	await row.getByRole("link", { name: "order.review-requested" }).click();
	await page.getByLabel("New due time").waitFor(wait);
	await look(page, "scheduled-event");
	await page.keyboard.press("r");
	await page.keyboard.type("2 days");
	await page.keyboard.press("Enter");
	await page.getByText("The event has a new due time.").waitFor(wait);
	expect(await page.textContent(".facts")).toMatch(/in (1 d 23|2 d 0) h/);
	await page.locator("summary", { hasText: "Cancel" }).click();
	await page.getByRole("button", { name: "Cancel 1 event" }).click();
	await page.getByText("The event is cancelled.").waitFor(wait);
	expect(await row.count()).toBe(0);
});

test("without scripts a person edits a dead letter, replays and discards", async () => {
	await shop.publish(undeliverable({ customer: "c43" }));
	const page = await shop.open({ javaScriptEnabled: false });
	await shop.signIn(page);
	await openUntil(page, list("tag.customer:c43"), "1 dead letter");
	await page.getByRole("link", { name: "order.shipped" }).click();
	const url = page.url();
	await page.getByLabel("Body").fill("{");
	await page.getByRole("button", { name: "Replay 1 dead letter" }).click();
	expect(await page.getByRole("alert").textContent()).toContain("not JSON");
	await page.getByLabel("Body").fill('{"email":"ada@example.org"}');
	await page.getByRole("button", { name: "Replay 1 dead letter" }).click();
	await openUntil(page, url, "resolved");
	await page.locator("summary", { hasText: "Discard" }).click();
	await page.getByRole("button", { name: "Discard 1 dead letter" }).click();
	expect(await page.textContent("main")).toContain(
		"The dead letter is discarded.",
	);
});

test("a person who may only read is offered no action", async () => {
	const page = await shop.open();
	await shop.signIn(page, "viewer");
	await openUntil(page, list("tag.batch:mine state:dead"), "dead letter");
	expect(await page.locator("main a.button").count()).toBe(1);
	await page.getByRole("link", { name: "order.shipped" }).first().click();
	await page.getByRole("heading", { name: "Body" }).waitFor();
	await look(page, "dead-letter-read");
	expect(await page.locator("main button:visible").count()).toBe(0);
});
