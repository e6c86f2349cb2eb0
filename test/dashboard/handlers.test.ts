/** What the pages of handlers and subscriptions show, how much they read, and that nothing becomes markup. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { policyOf } from "../../src/handlers/retry-policy.ts";
import { Routes } from "../../src/handlers/route.ts";
import type { JournalStore } from "../../src/ports.ts";
import { portsOf } from "../../src/registration.ts";
import { appPortsOf } from "../support/app-ports.ts";
import { installKeys, type KeyName } from "../support/http.ts";
import { events } from "../support/worker.ts";
import { signedIn, visitor } from "./visit.ts";

const EVIL = `"'><script>alert(1)</script><img src=x onerror=alert(2)>&amp;`;

beforeEach(async () => {
	await installKeys();
	vi.spyOn(console, "info").mockReturnValue();
});
afterEach(() => vi.restoreAllMocks());

/** A visitor has ports of its own, so spies are set afterwards. */
const person = (key: KeyName = "read") => signedIn(key);

const ports = () => portsOf(events);

const plainOf = (text: string) =>
	text.replace(/<[^>]*>/g, " ").replace(/\s+/g, " ");

const HTML = /<script>|<img src=x|="[^"]*"'>/;

const sources = {
	patterns: "route",
	timeout: "defaults",
	retries: "built-in",
} as const;

function route(id: string, ...patterns: string[]) {
	const settings = { timeout: 8_000, policy: policyOf(), sources };
	return { id, handler: id, patterns, ...settings };
}

function own(routes: Routes | undefined): void {
	const [worker] = ports().workers.all;
	if (worker) vi.spyOn(worker, "routes").mockResolvedValue(routes);
}

test("the handlers have their patterns and policies, where these come from, and their failures, for one object call", async () => {
	const reader = await person();
	own(new Routes([route("mail/send", "order.placed"), route("idle", "x")]));
	const counts = vi
		.spyOn(ports().journal?.store as JournalStore, "counts")
		.mockImplementation(async (since, _, step) => [
			{
				at: Math.ceil(since / step) * step,
				counts: {
					events: {},
					handlers: {
						"mail/send": { delivered: 1, retrying: 2, dead: 1, durations: [] },
					},
				},
			},
		]);
	const { status, text } = await reader.get("/handlers");
	expect(status).toBe(200);
	expect(plainOf(text)).toContain(
		"order.placed by its route up to 10, exponential from 5 s to 1 h built in 8 s by the defaults mail/send: 3 failures",
	);
	expect(plainOf(text)).toContain("has not run");
	expect(text).toContain('aria-label="mail/send: 3 failures"');
	expect(text).toContain("/events?q=handler%3Amail%2Fsend");
	expect(counts).toHaveBeenCalledOnce();
});

test("of many handlers there are pages, and the picture if it can be read; no page has 100 KB", async () => {
	const reader = await person();
	const long = "h".repeat(100);
	const many = (count: number) =>
		new Routes(
			Array.from({ length: count }, (_, n) =>
				route(`${long}-${n}`, `area.${long}${n}`, `area.${n % 5}`),
			),
		);
	own(many(60));
	const first = await reader.get("/handlers");
	expect(first.text).toContain("Events on the left");
	expect(first.text.match(/data-row/g)).toHaveLength(50);
	expect(first.text.length).toBeLessThan(100_000);
	const next = /href="([^"]+)" rel="next"/.exec(first.text)?.[1] ?? "";
	const second = await reader.get(next);
	expect(second.text.match(/data-row/g)).toHaveLength(10);
	expect(second.text).not.toContain("Events on the left");
	own(many(1_000));
	const large = await reader.get("/handlers");
	expect(large.text).not.toContain("Events on the left");
	expect(plainOf(large.text)).toContain("1000 handlers");
	expect(large.text.length).toBeLessThan(100_000);
	for (const page of ["0", "-1", "1e9", "x", "99999"])
		expect((await reader.get(`/handlers?page=${page}`)).status).toBe(200);
});

test("a Worker that does not respond is named, and without handlers the page teaches how to write one", async () => {
	const reader = await person();
	own(new Routes([]));
	const empty = await reader.get("/handlers");
	expect(empty.text).toContain("No handler yet");
	expect(empty.text).toContain("send-receipt");
	own(undefined);
	const { text } = await reader.get("/handlers");
	expect(plainOf(text)).toContain(
		"Worker that owns the events does not respond now",
	);
});

const email = {
	name: "@my-org/email",
	tools: [EVIL],
	capabilities: [],
	grants: [],
	events: { new_email: { description: EVIL, capabilities: [], tokens: {} } },
	userSubscriptions: { [EVIL]: [EVIL] },
};

function apps(): void {
	const [worker] = appPortsOf(events).appWorkers;
	if (worker) vi.spyOn(worker, "apps").mockResolvedValue([email]);
}

test("an admin sees the subscriptions of an app's event page by page, for two object calls", async () => {
	const admin = await person("admin");
	apps();
	const name = "@my-org/email/new_email";
	const store = appPortsOf(events).subscriptionsOf(name);
	for (let n = 0; n < 60; n++)
		await store.subscribe({
			app: "@my-org/inbox",
			tool: "add",
			key: [["email", n === 0 ? EVIL : `ada-${n}@example.com`]],
		});
	const calls = vi.fn();
	vi.spyOn(appPortsOf(events), "subscriptionsOf").mockReturnValue({
		phase: async () => calls("phase") ?? "running",
		list: async (query: never) => calls("list") ?? store.list(query),
	} as never);
	const path =
		"/handlers/subscriptions?source=%40my-org%2Femail&event=new_email";
	const first = await admin.get(path);
	expect(calls.mock.calls).toEqual([["phase"], ["list"]]);
	expect(first.text.match(/data-row/g)).toHaveLength(50);
	expect(first.text).toContain("email: ada-49@example.com");
	expect(first.text).toContain("alert(1)");
	expect(first.text).not.toMatch(HTML);
	const next = /href="([^"]+)" rel="next"/.exec(first.text)?.[1] ?? "";
	const second = await admin.get(next.replaceAll("&amp;", "&"));
	expect(second.text.match(/data-row/g)).toHaveLength(10);
	expect((await admin.get(`${path}&after=1e9`)).status).toBe(200);
	expect((await admin.get("/handlers/subscriptions?source=x")).text).toContain(
		"is not an app",
	);
});

test("a key that only reads sees events of apps, but nobody's subscription", async () => {
	const reader = await person();
	apps();
	const path =
		"/handlers/subscriptions?source=%40my-org%2Femail&event=new_email";
	expect((await reader.get(path)).status).toBe(403);
	const { text } = await reader.get("/handlers");
	expect(text).toContain("@my-org/email/new_email");
	expect(text).not.toContain("/handlers/subscriptions");
});

test("a Worker without apps shows its handlers, and says on the page of subscriptions what to add", async () => {
	const admin = visitor({}, {});
	await admin.signIn("admin");
	own(new Routes([route("mail/send", "order.placed")]));
	expect((await admin.get("/handlers")).text).toContain("mail/send");
	const { status, text } = await admin.get("/handlers/subscriptions");
	expect(status).toBe(501);
	expect(text).toContain("this Worker has no apps");
});

test("text of a stranger is escaped on the pages of handlers", async () => {
	const reader = await person("admin");
	apps();
	own(new Routes([route(EVIL, EVIL), route(`${EVIL}2`, EVIL.repeat(3))]));
	const { text } = await reader.get("/handlers");
	expect(text).toContain("alert(1)");
	expect(text).not.toMatch(HTML);
});
