/** The dashboard in Chromium, in front of a Worker with hostile names and texts: none of them runs. */
import { SignJWT } from "jose";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { look, openShop, openUntil, type Shop, wait } from "./browser.ts";
import { EVIL, EVIL_ID, SECRET, VARS } from "./hostile/names.ts";

let shop: Shop;

beforeAll(async () => {
	shop = await openShop("test/dashboard/hostile/wrangler.toml", VARS);
});
afterEach(() => expect(shop.complaints).toEqual([]));
afterAll(() => shop?.close());

const list = (path: string, q: string) =>
	`${shop.url}/${path}?${new URLSearchParams({ q })}`;

/** A user subscribes with a token. */
async function subscribe(): Promise<void> {
	const token = await new SignJWT({ [EVIL]: { [EVIL]: EVIL } })
		.setProtectedHeader({ alg: "HS256" })
		.setIssuer("https://auth.example")
		.setExpirationTime("1 hour")
		.sign(new TextEncoder().encode(SECRET));
	const response = await fetch(`${shop.url}/v1/subscriptions`, {
		method: "POST",
		headers: {
			authorization: `Bearer ${token}`,
			"content-type": "application/json",
		},
		body: JSON.stringify({
			app: "@hostile/bell",
			tool: "hear",
			source: "@hostile/bell",
			event: "rung",
		}),
	});
	if (!response.ok) throw new Error(await response.text());
}

test("nothing of a hostile event runs, in the list, on its page, and in a new event that is published from it", async () => {
	const page = await shop.open();
	await shop.signIn(page);
	const id = await shop.publish({
		name: "order.shipped",
		body: {
			[EVIL]: EVIL,
			email: `${EVIL}.invalid`,
			big: "12345678901234567890",
		},
		tags: { evil: EVIL },
		traceparent: `00-${"a".repeat(32)}-${"b".repeat(16)}-01`,
	});
	await openUntil(
		page,
		`${shop.url}/events?q=state:dead+name:order.shipped`,
		EVIL,
	);
	await openUntil(page, `${shop.url}/events/${id}`, EVIL);
	await page.evaluate(
		"document.querySelectorAll('details').forEach((one) => { one.open = true; })",
	);
	await look(page, "event-hostile");
	await page.getByLabel("Body").fill(`{"n":12345678901234567890}`);
	await page.getByRole("button", { name: "Publish 1 event" }).click();
	expect(await page.textContent("main")).toContain("would become");
	expect(await page.getByLabel("Body").inputValue()).toBe(
		`{"n":12345678901234567890}`,
	);
	await page
		.getByLabel("Body")
		.fill(JSON.stringify({ email: `${EVIL}2.invalid` }));
	await page.getByRole("button", { name: "Publish 1 event" }).click();
	await page.waitForURL((url) => !url.pathname.includes(id));
	await openUntil(page, page.url(), `${EVIL}2`);
	expect(await page.textContent("main")).toContain("by oncall");
	await page.goto(`${shop.url}/events?${new URLSearchParams({ q: EVIL })}`);
	expect(await page.locator("img[src=x]").count()).toBe(0);
});

test("nothing of a hostile dead letter runs, in lists, on its page, and while its body is checked", async () => {
	const page = await shop.open();
	await shop.signIn(page);
	await shop.publish({
		name: "order.shipped",
		body: { email: `${EVIL}.invalid` },
		tags: { letter: EVIL },
	});
	const q =
		'tag.letter:"\\"><img src=x onerror=alert(1)><script>alert(2)</script>\'"';
	await openUntil(page, list("dead-letters/groups", q), "1 group");
	await openUntil(page, list("dead-letters", q), EVIL);
	await page.getByRole("link", { name: "order.shipped" }).click();
	await page.getByLabel("Body").fill(`{${EVIL}`);
	await page.getByText("it is not JSON").waitFor(wait);
	expect(await page.locator("img[src=x]").count()).toBe(0);
});

test("nothing of a hostile handler, queue, version, schema, app or subscription runs, on any page that shows it", async () => {
	const page = await shop.open();
	await shop.signIn(page);
	const watching = await shop.open();
	await shop.signIn(watching);
	await subscribe();
	const placed = { name: "order.placed", body: { [EVIL]: EVIL } };
	const id = await shop.publish(placed);
	await shop.publish({ ...placed, after: "1 hour", tags: { evil: EVIL } });
	const [dead, waiting] = [EVIL_ID, `${EVIL_ID}waits`];
	const q = `handler:${JSON.stringify(dead)} name:order.placed`;
	const shows = async (place: string, ...texts: string[]) => {
		const shown = await page.textContent("main");
		for (const text of texts) expect.soft(shown, place).toContain(text);
		expect.soft(await page.locator("img[src=x]").count(), place).toBe(0);
	};
	await openUntil(page, list("deliveries", ""), waiting);
	await openUntil(page, list("dead-letters", q), dead);
	for (const handler of [waiting, dead])
		await openUntil(page, `${shop.url}/events/${id}`, handler);
	await shows("event", dead, waiting, EVIL);
	for (const [path, ...texts] of [
		["overview", dead],
		["events", dead] as const,
		["dead-letters/groups", dead, "<img src=x onerror=alert(<n>)>"],
		["scheduled", EVIL],
		["handlers/subscriptions?source=@hostile/bell&event=rung", EVIL],
		["publish?name=order.placed", EVIL],
		["settings", `${EVIL}queue`, `${EVIL}version`, `${EVIL}tag`],
		["handlers", dead, waiting, EVIL],
	] as const) {
		await page.goto(`${shop.url}/${path}`);
		await shows(path, ...texts);
	}
	await look(page, "handlers-hostile");
	// The links find the handlers by their ids.
	await page.locator("td a.name", { hasText: waiting }).click();
	await page.locator(`#event-${id}`).waitFor();
	for (const [path, text, button] of [
		["deliveries", waiting, "Try 1 delivery now"],
		["dead-letters", dead, "Replay 1 dead letter"],
	] as const) {
		await page.goto(`${shop.url}/${path}`);
		await page.getByRole("link", { name: "order.placed" }).first().click();
		await page.getByRole("button", { name: button }).waitFor();
		await shows(`one of ${path}`, text, EVIL);
	}
	await page.goto(
		`${shop.url}/jobs/new?${new URLSearchParams({ action: "discard", q })}`,
	);
	await shows("jobs/new", q);
	await page.getByLabel("to confirm").fill("1");
	await page.keyboard.press("Enter");
	await page.locator(".state.good", { hasText: "done" }).waitFor(wait);
	await shows("job", q);
	await page.getByRole("link", { name: "Jobs" }).first().click();
	await page.getByRole("heading", { name: "Jobs", exact: true }).waitFor();
	await shows("jobs", q);
	// It arrived without a reload.
	await watching.locator(`#event-${id}`, { hasText: dead }).waitFor(wait);
	expect(await watching.locator("img[src=x]").count()).toBe(0);
});
