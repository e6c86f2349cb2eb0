/** What the pages to publish and of settings show and do, and that nothing becomes markup. */
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { portsOf } from "../../src/registration.ts";
import { installKeys, type KeyName } from "../support/http.ts";
import { events } from "../support/worker.ts";
import { signedIn } from "./visit.ts";

const EVIL = `"'><script>alert(1)</script><img src=x onerror=alert(2)>&amp;`;
const HTML = /<script>|<img src=x|="[^"]*"'>/;
const bindings = env as unknown as Record<string, unknown>;

beforeEach(async () => {
	await installKeys();
	vi.spyOn(console, "info").mockReturnValue();
});
afterEach(() => vi.restoreAllMocks());

const person = (key: KeyName = "admin") => signedIn(key);

/** Gives a key other scopes, before its next request. */
function scopes(id: string, scopes: readonly string[]): void {
	const keys = JSON.parse(bindings.API_KEYS as string);
	bindings.API_KEYS = JSON.stringify(
		keys.map((key: { id: string }) =>
			key.id === id ? { ...key, scopes } : key,
		),
	);
}

const bodyIn = (text: string) =>
	/<textarea id="body"[^>]*>([^<]*)</
		.exec(text)?.[1]
		?.replaceAll("&quot;", '"');

test("an event of a definition begins with an example of its schema, which can be published", async () => {
	const actor = await person();
	const { text } = await actor.get("/publish?name=user.joined");
	const body = bodyIn(text) ?? "";
	expect(JSON.parse(body)).toEqual({
		userId: "userId",
		email: "ada@example.com",
	});
	expect(text).toContain("Schema of the body");
	const { status, location } = await actor.post("/publish", {
		name: "user.joined",
		body,
		after: "",
		tags: "customer: c42\n\nplan:pro",
	});
	expect(status).toBe(303);
	await vi.waitFor(async () => {
		const event = await actor.get(location as string);
		expect(event.text).toContain("by <b>admin</b>");
		expect(event.text).toContain("plan:<b>pro</b>");
	});
});

test("a form that is sent twice publishes once, and says so if its event has changed", async () => {
	const actor = await person();
	const { text } = await actor.get("/publish?name=order.placed");
	const onceIn = (page: string) =>
		/name="once" value="([^"]{36})"/.exec(page)?.[1] as string;
	const form = { name: "order.placed", body: "1", once: onceIn(text) };
	const [first, second] = [
		await actor.post("/publish", form),
		await actor.post("/publish", form),
	];
	expect(first.status).toBe(303);
	expect(second.location).toBe(first.location);
	const changed = await actor.post("/publish", { ...form, body: "2" });
	expect(changed.status).toBe(409);
	expect(changed.text).toContain("has already published another event");
	const once = onceIn(changed.text);
	const other = await actor.post("/publish", { ...form, body: "2", once });
	expect(other.location).not.toBe(first.location);

	const page = first.location as string;
	await vi.waitFor(async () => {
		expect((await actor.get(page)).status).toBe(200);
	});
	const again = { body: "3", once: onceIn((await actor.get(page)).text) };
	const [third, fourth] = [
		await actor.post(`${page}/publish`, again),
		await actor.post(`${page}/publish`, again),
	];
	expect(third.location).not.toBe(first.location);
	expect(fourth.location).toBe(third.location);
});

test("an event is published later, and one that is refused is shown again with the reason", async () => {
	const actor = await person();
	await actor.get("/publish?name=order.placed");
	const draft = { name: "order.placed", body: '{"n":1}' };
	for (const [given, message] of [
		[{ after: "1 dya" }, "unknown unit"],
		[{ body: "{" }, "it is not JSON"],
		[{ body: "12345678901234567890" }, "would become"],
		[{ tags: "customer" }, "is not a tag"],
		[{ name: "user.joined" }, "does not match the schema"],
	] as const) {
		const fields = { ...draft, after: "2 days", tags: "a: b", ...given };
		const { status, text } = await actor.post("/publish", fields);
		expect([given, status]).toEqual([given, 422]);
		expect(text).toContain(message);
		expect(text).toContain(`value="${fields.after}"`);
		expect(text).toContain(`>${fields.tags}</textarea>`);
		expect(bodyIn(text)).toBe(fields.body);
	}
	const { location } = await actor.post("/publish", {
		...draft,
		after: "2 days",
	});
	const id = location?.replace("/events/", "") as string;
	expect(await events.cancel(id)).toBe(true);
});

test("only a key that may publish is offered the page, and only for the names that it may publish", async () => {
	const reader = await person("read");
	expect((await reader.get("/events")).text).not.toContain(">Publish<");
	expect((await reader.get("/publish")).status).toBe(403);
	const fields = { name: "user.joined", body: "1" };
	expect((await reader.post("/publish", fields)).status).toBe(403);

	scopes("read", ["read", "publish:order.**"]);
	const { text } = await reader.get("/publish");
	expect(text).toContain(">Publish<");
	expect(text).not.toContain("user.joined");
	const other = await reader.get("/publish?name=user.joined");
	expect(other.text).toContain("may not publish &quot;user.joined&quot;");
	expect(other.text).not.toContain("<textarea");
	const refused = await reader.post("/publish", fields);
	expect(refused.status).toBe(403);
	expect(refused.text).toContain("it may publish order.**");
});

test("the settings show queues, retention, version, findings and keys, without a digest, for one listing", async () => {
	const admin = await person();
	const { scheduler } = portsOf(events);
	const listed = vi.spyOn(scheduler, "listDeliveries");
	bindings.CF_VERSION_METADATA = {
		id: "v-42",
		tag: EVIL,
		timestamp: "2026-11-29T12:00:00Z",
	};
	scopes("orders", ["read", "publish:order.**"]);
	try {
		const { status, text } = await admin.get("/settings");
		expect(status).toBe(200);
		for (const shown of [
			"EVENTS_QUEUE",
			"v-42",
			"14 d",
			"90 d",
			"7 d",
			"orders",
			"read, publish:order.**",
			"failed events, up to 2048 bytes",
		])
			expect(text).toContain(shown);
		expect(text).not.toMatch(/[0-9a-f]{64}|secret-of/);
		expect(text).not.toMatch(HTML);
		expect(listed).toHaveBeenCalledOnce();
		expect(text.length).toBeLessThan(100_000);
	} finally {
		delete bindings.CF_VERSION_METADATA;
	}
});

test("a key that only reads sees no keys, and a finding is shown with its remedy", async () => {
	const reader = await person("read");
	const { scheduler } = portsOf(events);
	vi.spyOn(scheduler, "listDeliveries").mockRejectedValue(new Error(EVIL));
	const { text } = await reader.get("/settings");
	expect(text).toContain("a check failed");
	expect(text).toContain("Read the log of the Worker");
	expect(text).not.toMatch(HTML);
	expect(text).toContain("Keys are shown to callers with the scope");
	expect(text).not.toContain("publish:order.**");
});

test("text of a stranger is escaped on the page to publish", async () => {
	const actor = await person();
	const q = new URLSearchParams({ name: EVIL });
	const seen = [
		await actor.get(`/publish?${q}`),
		await actor.post("/publish", {
			name: "order.placed",
			body: EVIL,
			after: EVIL,
			tags: EVIL,
		}),
	];
	for (const { text } of seen) {
		expect(text).toContain("alert(1)");
		expect(text).not.toMatch(HTML);
	}
});
