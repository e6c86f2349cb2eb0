/** The dashboard as a person uses it, in Chromium, in front of the Worker of the shop. */
import { get } from "node:http";
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { createTestHarness } from "wrangler";
import {
	keyOf,
	look,
	openShop,
	openUntil,
	root,
	type Shop,
	wait,
} from "./browser.ts";

let shop: Shop;

beforeAll(async () => {
	shop = await openShop();
});
afterEach(() => expect(shop.complaints).toEqual([]));
afterAll(() => shop?.close());

const order = (orderId: string, tags: object = {}) => ({
	name: "order.placed",
	body: { orderId, email: "ada@example.com", total: 42.5 },
	tags,
});

test("a person signs in, an event arrives without a reload, and its timeline goes on by itself", async () => {
	const page = await shop.open();
	await page.goto(`${shop.url}/events`);
	await look(page, "sign-in");
	await shop.signIn(page);
	await look(page, "events-empty");
	await page.evaluate("window.isTheSame = true");
	const id = await shop.publish(order("o-1", { customer: "c42" }));
	const row = page.locator(`#event-${id}`);
	await row.waitFor(wait);
	expect(await row.textContent()).toContain("customer:c42");
	expect(await page.evaluate("window.isTheSame")).toBe(true);
	await look(page, "events");
	await row.getByRole("link", { name: "order.placed" }).click();
	await page.getByRole("heading", { name: "Timeline" }).waitFor();
	expect(page.url()).toBe(`${shop.url}/events/${id}`);
	await page.evaluate("window.isTheSame = true");
	await page.getByText("Attempt 3 of 11").waitFor(wait);
	expect(await page.evaluate("window.isTheSame")).toBe(true);
	await look(page, "event");
	await page.goto(`${shop.url}/events?q=stat:dead`);
	expect(await page.getByRole("alert").textContent()).toContain(
		'unknown word "stat"',
	);
	await look(page, "filter-invalid");
	// What was typed is quoted as it is.
	await page.goto(`${shop.url}/events?q=order.placed`);
	const first = await page.evaluate(
		"getComputedStyle(document.querySelector('[role=alert]'), '::first-letter').textTransform",
	);
	expect(first).toBe("none");
	await page.goto(`${shop.url}/events/none`);
	await look(page, "event-missing");
});

/** Ways to read a list, each repeated until the list waits, and how each ends. */
const READING: [
	read: (page: Page) => Promise<unknown>,
	stop: (page: Page) => Promise<unknown>,
][] = [
	[
		(page) => page.locator("[data-live]").hover(),
		(page) => page.mouse.move(5, 5),
	],
	[
		(page) => page.evaluate("getSelection().selectAllChildren(document.body)"),
		(page) => page.evaluate("getSelection().removeAllRanges()"),
	],
	// A person stops by not going on.
	[scroll, async () => {}],
];

/** Scrolls down by the wheel, and back up the next time. The pointer is not over the list. */
async function scroll(page: Page): Promise<void> {
	await page.setViewportSize({ width: 1_360, height: 200 });
	const before = await page.evaluate<number>("scrollY");
	await page.mouse.wheel(0, before > 0 ? -200 : 100);
	await vi.waitFor(
		async () => expect(await page.evaluate("scrollY")).not.toBe(before),
		wait,
	);
}

test("a list waits while a person points at it, selects text or scrolls, and goes on afterwards", async () => {
	const pages = await Promise.all(
		READING.map(async ([read, stop]) => {
			const page = await shop.open();
			await shop.signIn(page);
			await read(page);
			return { page, read, stop };
		}),
	);
	const id = await shop.publish(order("o-2"));
	const goesOn = pages.map(async ({ page, read, stop }) => {
		const paused = page.getByText("Paused while you read");
		const row = page.locator(`#event-${id}`);
		await vi.waitFor(async () => {
			await read(page);
			expect(await paused.isVisible()).toBe(true);
		}, wait);
		expect(await row.count()).toBe(0);
		await stop(page);
		await row.waitFor(wait);
		expect(await paused.isVisible()).toBe(false);
		await page.context().close();
	});
	await Promise.all(goesOn);
});

test("a list waits while its page is hidden", async () => {
	const page = await shop.open();
	// The page closes its updates when it is hidden, once it has begun to read them.
	await page.addInitScript(
		`document.addEventListener("fresh", () => { window.isFresh = true; });`,
	);
	await shop.signIn(page);
	await page.waitForFunction("window.isFresh", undefined, wait);
	const show = (isShown: boolean) =>
		page.evaluate(`
			Object.defineProperty(document, "hidden", { value: ${!isShown}, configurable: true });
			document.dispatchEvent(new Event("visibilitychange"));
		`);
	const ended = page.waitForEvent("requestfailed", {
		predicate: (request) => request.url().includes("/live"),
		...wait,
	});
	await show(false);
	await ended;
	const id = await shop.publish(order("o-3"));
	await show(true);
	await page.locator(`#event-${id}`).waitFor(wait);
});

test("a form outlives its session: after the sign-in it is shown with what was typed", async () => {
	const page = await shop.open();
	await shop.signIn(page);
	await page.goto(`${shop.url}/publish?name=order.placed`);
	const body = '{\n  "draft": "<b>"\n}';
	await page.getByLabel("Body").fill(body);
	await page.context().clearCookies();
	await page.getByRole("button", { name: "Publish 1 event" }).click();
	await page.getByLabel("API key").fill(keyOf("oncall"));
	await look(page, "sign-in-draft");
	await page.getByRole("button", { name: "Sign in" }).click();
	await page.getByRole("alert").getByText("nothing was done").waitFor();
	expect(await page.getByLabel("Body").inputValue()).toBe(body);
	await look(page, "publish-draft");
});

test("suggestions complete the last word of a filter, also inside quotes", async () => {
	const page = await shop.open();
	await shop.signIn(page);
	await page.goto(`${shop.url}/events`);
	const suggested = async (typed: string) => {
		await page.getByLabel("Filter").fill(typed);
		return page
			.locator("#words option")
			.evaluateAll((all) => all.map((one) => one.getAttribute("value")));
	};
	for (const [typed, expected] of [
		["sta", "state:dead"],
		['tag.plan:"pro t', "state:dead"],
		['id:e1 tag.plan:"a \\" b', "id:e1 state:dead"],
		['tag.plan:"a \\" b" sta', 'tag.plan:"a \\" b" state:dead'],
		["id:e1 ", "id:e1 state:dead"],
	] as const)
		expect(await suggested(typed), typed).toContain(expected);
});

test("a printed list is its table alone", async () => {
	const page = await shop.open();
	await shop.signIn(page);
	await page.emulateMedia({ media: "print" });
	expect(await page.locator("nav:visible, button:visible").count()).toBe(0);
	expect(await page.getByRole("searchbox").count()).toBe(0);
	const row = page.locator("tbody tr").first();
	expect(await row.textContent()).toContain("order.");
	const { width = 0 } = (await page.locator("table").boundingBox()) ?? {};
	expect(width).toBeGreaterThan(600);
});

test("every action is within reach of the keyboard", async () => {
	const page = await shop.open();
	await shop.signIn(page);
	const focused = () =>
		page.evaluate<string>(
			"document.activeElement.name || document.activeElement.textContent",
		);
	await page.keyboard.press("?");
	expect(await page.getByRole("dialog").isVisible()).toBe(true);
	await look(page, "keys");
	await page.keyboard.press("Escape");
	await page.keyboard.press("/");
	expect(await focused()).toBe("q");
	await page.keyboard.type("state:dead");
	await page.keyboard.press("Enter");
	await page.waitForURL(/q=state%3Adead/);
	for (const key of ["j", "j", "k"]) await page.keyboard.press(key);
	expect(await focused()).toContain("order.placed");
	await page.keyboard.press("Enter");
	await page.waitForURL(/\/events\/[0-9a-f-]{36}$/);
	await page.keyboard.press("r");
	expect(await focused()).toBe("body");
});

test("without scripts a person signs in, filters, reads a timeline, and publishes again", async () => {
	const id = await shop.publish(order("o-3", { customer: "c43" }));
	const page = await shop.open({ javaScriptEnabled: false });
	await shop.signIn(page);
	await openUntil(page, `${shop.url}/events/${id}`, "became a dead letter");
	const text = await page.textContent("main");
	expect(text).toContain("Attempt 1 of 11");
	expect(text).toMatch(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} UTC/);
	await page.goto(`${shop.url}/events`);
	await page.getByLabel("Filter").fill("tag.customer:c43 state:dead");
	await page.getByRole("button", { name: "Filter" }).click();
	await page
		.locator(`#event-${id}`)
		.getByRole("link", { name: "order.placed" })
		.click();
	await page.getByText("Publish again", { exact: true }).click();
	const edited = JSON.stringify({
		orderId: "o-4",
		email: "ada@example.com",
		total: 1,
	});
	await page.getByLabel("Body").fill(edited);
	await page.getByRole("button", { name: "Publish 1 event" }).click();
	expect(page.url()).not.toContain(id);
	await openUntil(page, page.url(), "Timeline");
	await page.getByRole("button", { name: "Sign out" }).click();
	expect(await page.getByLabel("API key").count()).toBe(1);
});

test("the overview counts what happens while a person looks at it, and its chart can be read without seeing it", async () => {
	const page = await shop.open();
	await shop.signIn(page);
	await page.goto(`${shop.url}/`);
	expect(page.url()).toBe(`${shop.url}/overview`);
	await page.getByRole("heading", { name: "Handlers by failures" }).waitFor();
	const counted = () =>
		page.getByRole("img", { name: /In this time/ }).getAttribute("aria-label");
	const before = await counted();
	await shop.publish(order("o-5"));
	await vi.waitFor(async () => expect(await counted()).not.toBe(before), wait);
	await page.getByText("As a table").click();
	expect(await page.getByRole("columnheader", { name: "dead" }).count()).toBe(
		1,
	);
	await look(page, "overview");
	const reader = await shop.open({ javaScriptEnabled: false });
	await shop.signIn(reader);
	await reader.goto(`${shop.url}/overview?range=week`);
	expect(await reader.textContent("main")).toContain("sync-ledger");
	expect(await reader.textContent("main")).toContain("per 2 h");
});

test("the description of the HTTP API can be read unfolded, without a session", async () => {
	const page = await shop.open();
	await page.goto(`${shop.url}/openapi`);
	await page.getByRole("heading", { name: "the HTTP API" }).waitFor();
	await page.evaluate(
		"document.querySelectorAll('details').forEach((one) => { one.open = true; })",
	);
	await look(page, "openapi");
});

test("the picture of handlers leads to their events", async () => {
	const page = await shop.open();
	await shop.signIn(page);
	await page.getByRole("link", { name: "Handlers" }).click();
	await look(page, "handlers");
	await page.getByRole("link", { name: "check-address" }).first().click();
	expect(page.url()).toBe(`${shop.url}/events?q=handler%3Acheck-address`);
});

test("a person publishes an event from an example of its schema, later, and opens it", async () => {
	const page = await shop.open();
	await shop.signIn(page);
	await page.getByRole("link", { name: "Publish" }).click();
	await look(page, "publish");
	await page.getByRole("link", { name: "order.review-requested" }).click();
	await page.getByText("Schema of the body").click();
	await look(page, "publish-chosen");
	await page.getByLabel("Later").fill("2 dya");
	await page.getByRole("button", { name: "Publish 1 event" }).click();
	expect(await page.getByRole("alert").textContent()).toContain("unknown unit");
	await page.getByLabel("Later").fill("2 days");
	await page.getByLabel("Tags").fill("customer: c44");
	await page.getByRole("button", { name: "Publish 1 event" }).click();
	await page.waitForURL(/\/events\/[0-9a-f-]{36}$/);
	await openUntil(page, page.url(), "delivered when it is due");
});

test("without scripts a person publishes, and reads the settings", async () => {
	const page = await shop.open({ javaScriptEnabled: false });
	await shop.signIn(page);
	await page.goto(`${shop.url}/publish`);
	await page.getByLabel("Name of the event").fill("shop.opened");
	await page.getByRole("button", { name: "Choose" }).click();
	await page.getByLabel("Body").fill("[1]");
	await page.getByRole("button", { name: "Publish 1 event" }).click();
	await openUntil(page, page.url(), "ignored");
	await page.getByRole("link", { name: "Settings" }).click();
	expect(await page.textContent("main")).toContain("oncall");
	const looking = await shop.open();
	await shop.signIn(looking);
	await looking.goto(`${shop.url}/settings`);
	await look(looking, "settings");
});

test("a development build is open on this machine, and only there", async () => {
	const before = process.env.NODE_ENV;
	process.env.NODE_ENV = "development";
	const harness = createTestHarness({
		root: `${root}examples/shop`,
		workers: [{ configPath: "owner/wrangler.toml" }],
	});
	try {
		const { port } = (await harness.listen()).url;
		const status = (host: string) =>
			new Promise((resolve) => {
				const path = "/events";
				get({ port, path, host: "127.0.0.1", headers: { host } }, (response) =>
					resolve(response.resume().statusCode),
				);
			});
		expect(await status(`localhost:${port}`)).toBe(200);
		expect(await status(`127.0.0.1:${port}`)).toBe(200);
		expect(await status("events.example.com")).toBe(401);
		expect(await status("localhost.example.com")).toBe(401);
	} finally {
		process.env.NODE_ENV = before;
		await harness.close();
	}
});
