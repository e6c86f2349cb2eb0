/** Who may see the dashboard and act on it: sessions, forms, Cloudflare Access, and the headers of every response. */
import { env } from "cloudflare:workers";
import {
	exportJWK,
	type GenerateKeyPairResult,
	generateKeyPair,
	SignJWT,
} from "jose";
import {
	afterEach,
	beforeAll,
	beforeEach,
	describe,
	expect,
	test,
	vi,
} from "vitest";
import { access } from "../../src/dashboard/access.ts";
import { SESSION_SECONDS } from "../../src/dashboard/session.ts";
import { dashboard } from "../../src/dashboard.ts";
import { worker } from "../../src/worker.ts";
import { installKeys, keyOf } from "../support/http.ts";
import { events } from "../support/worker.ts";
import { visitor } from "./visit.ts";

const bindings = env as unknown as Record<string, unknown>;

beforeEach(async () => {
	await installKeys();
	vi.spyOn(console, "warn").mockReturnValue();
	vi.spyOn(console, "info").mockReturnValue();
});
afterEach(() => {
	vi.useRealTimers();
	vi.restoreAllMocks();
});

describe("a visitor without a session", () => {
	test("gets the sign-in in place of every page, and nothing of its content", async () => {
		for (const path of ["/", "/events", "/events/none", "/events/live"]) {
			const { status, text } = await visitor().get(path);
			expect([path, status]).toEqual([path, 401]);
			expect(text).toContain('name="key" type="password"');
			expect(text).not.toContain("datalist");
		}
	});

	test("whose page still waits for updates is told that the session has ended", async () => {
		const accept = { accept: "text/html, text/event-stream" };
		const { text } = await visitor().get("/events/live", accept);
		expect(text).toBe("event: signed-out\ndata:\n\n");
	});

	test("whose form is checked while they type gets a text for its place, and no page", async () => {
		const stranger = visitor();
		await stranger.get("/events");
		const { status, text } = await stranger.post(
			"/dead-letters/none/check",
			{ body: "1" },
			{ "hx-request": "true" },
		);
		expect(status).toBe(401);
		expect(text).toMatch(/^Your session has ended/);
	});

	test("is limited in the number of its attempts to sign in", async () => {
		bindings.USER_RATE_LIMIT = bindings.TEST_RATE_LIMIT;
		bindings.TIDINGS_RATE_LIMITS = { user: { limit: 3, period: 60 } };
		try {
			const from = { "cf-connecting-ip": "192.0.2.7" };
			const person = visitor();
			await person.get("/events");
			const attempts = [];
			for (let n = 0; n < 4; n++)
				attempts.push(await person.post("/sign-in", { key: "tid_a_b" }, from));
			expect(attempts.map(({ status }) => status)).toEqual([
				401, 401, 401, 429,
			]);
			expect(attempts.at(-1)?.headers.get("retry-after")).toBe("60");
		} finally {
			delete bindings.USER_RATE_LIMIT;
			delete bindings.TIDINGS_RATE_LIMITS;
		}
	});

	test("may do nothing", async () => {
		const stranger = visitor();
		await stranger.get("/events");
		const { status } = await stranger.post("/events/none/publish", {
			body: "1",
		});
		expect(status).toBe(401);
	});

	test("signs in with a key that may read, and gets the page that was asked for", async () => {
		for (const key of ["read", "admin"]) {
			const person = visitor();
			const { status, location, headers } = await person.signIn(
				key,
				"/events?q=state%3Adead",
			);
			expect([status, location]).toEqual([303, "/events?q=state%3Adead"]);
			expect(headers.get("set-cookie")).toMatch(
				/^tidings_session=[^;]+; Max-Age=28800; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
			);
			expect((await person.get("/events")).text).toContain(`<b>${key}</b>`);
		}
	});

	test("is not signed in with a wrong key, or one that may not read, and never sees it again", async () => {
		for (const key of ["tid_admin_guess", "publish", "none", "no_key", ""]) {
			const person = visitor();
			const { status, text } = await person.signIn(key || "_");
			expect(status).toBe(401);
			expect(text).toMatch(/(the API key is not valid|this key has neither)/);
			expect(text).not.toContain("guess");
			expect((await person.get("/events")).status).toBe(401);
		}
	});

	test("is led to no other site after the sign-in", async () => {
		for (const next of [
			"https://evil.test/",
			"//evil.test/",
			"/\\evil.test",
			"javascript:1",
			"/../v1/events",
			"/events\n//evil.test",
			"",
		]) {
			const person = visitor({ path: "/_tidings" });
			await person.get("/events");
			const { status, location } = await person.post("/sign-in", {
				key: keyOf("read"),
				next,
			});
			expect([next, status, location]).toEqual([next, 303, "/_tidings/"]);
		}
	});
});

describe("a session", () => {
	test("ends after 8 hours", async () => {
		const person = visitor();
		await person.signIn("read");
		const { cookie } = person;
		vi.useFakeTimers({ toFake: ["Date"] });
		vi.setSystemTime(Date.now() + (SESSION_SECONDS - 5) * 1_000);
		expect((await person.get("/events")).status).toBe(200);
		vi.setSystemTime(Date.now() + 6_000);
		person.cookie = cookie;
		expect((await person.get("/events")).status).toBe(401);
	});

	test("is over once its key is gone, and has the rights that its key has now", async () => {
		const person = visitor();
		await person.signIn("admin");
		const keys = JSON.parse(bindings.API_KEYS as string);
		const but = (change: object) =>
			JSON.stringify(
				keys.map((key: { id: string }) =>
					key.id === "admin" ? { ...key, ...change } : key,
				),
			);
		bindings.API_KEYS = but({ scopes: ["read"] });
		expect((await person.get("/events")).text).toContain("may read<");
		bindings.API_KEYS = but({ digest: "1".repeat(64) });
		expect((await person.get("/events")).status).toBe(401);
		bindings.API_KEYS = but({ scopes: ["publish"] });
		expect((await person.get("/events")).status).toBe(401);
		bindings.API_KEYS = undefined;
		expect((await person.get("/events")).status).toBe(401);
	});

	test("ends its live updates with the next one once its key is gone", async () => {
		const person = visitor();
		await person.signIn("read");
		vi.useFakeTimers({ toFake: ["setTimeout"] });
		const updates = await person.listen("/jobs/live");
		expect(await updates.next()).toContain("No jobs yet");
		expect(await updates.next()).toContain("event: fresh");
		bindings.API_KEYS = undefined;
		await vi.advanceTimersByTimeAsync(5_000);
		expect(await updates.next()).toBe("event: signed-out\ndata: \n\n");
		expect(await updates.next()).toBe("");
	});

	test("that makes too many requests keeps its list: the stream says that there are no updates now", async () => {
		const person = visitor();
		await person.signIn("read");
		bindings.KEY_RATE_LIMIT = { limit: async () => ({ success: false }) };
		bindings.TIDINGS_RATE_LIMITS = { key: { limit: 3, period: 60 } };
		try {
			const accept = { accept: "text/html, text/event-stream" };
			const { status, text } = await person.get("/events/live", accept);
			expect([status, text]).toEqual([
				200,
				"event: stopped\nretry: 30000\ndata:\n\n",
			]);
		} finally {
			delete bindings.KEY_RATE_LIMIT;
			delete bindings.TIDINGS_RATE_LIMITS;
		}
	});

	test("is not valid once a part of it was changed", async () => {
		const person = visitor();
		await person.signIn("read");
		const [id = "", expiresAt = "", signature = ""] = person.cookie
			.replace("tidings_session=", "")
			.split(".");
		for (const changed of [
			`admin.${expiresAt}.${signature}`,
			`${id}.${Number(expiresAt) + 1}.${signature}`,
			`${id}.${expiresAt}.${"A".repeat(43)}`,
			`${id}.${expiresAt}`,
			`${id}.${expiresAt}.${signature}A`,
		]) {
			person.cookie = `tidings_session=${changed}`;
			expect((await person.get("/events")).status, changed).toBe(401);
		}
	});

	test("of the public key for local development is valid on no other host", async () => {
		const key = "tid_local_for-development-on-this-machine-only-AAAAAA";
		const digest = await crypto.subtle.digest(
			"SHA-256",
			new TextEncoder().encode(key),
		);
		const hex = [...new Uint8Array(digest)].map((byte) =>
			byte.toString(16).padStart(2, "0"),
		);
		bindings.API_KEYS = JSON.stringify([
			{ id: "local", scopes: ["admin"], digest: hex.join("") },
		]);
		expect((await visitor().signIn(key)).status).toBe(401);
	});

	test("ends with the sign-out", async () => {
		const person = visitor();
		await person.signIn("read");
		await person.get("/events");
		expect((await person.post("/sign-out", {})).status).toBe(303);
		expect((await person.get("/events")).status).toBe(401);
	});
});

describe("a form", () => {
	test("of another site, of another session or without its token does nothing", async () => {
		const person = visitor();
		await person.signIn("admin");
		const { id } = await events.publish("never.matched", 1);
		await vi.waitFor(async () => {
			expect((await person.get(`/events/${id}`)).status).toBe(200);
		});
		const other = visitor();
		await other.get("/events");
		const published = vi.spyOn(console, "info");
		published.mockClear();
		for (const [fields, headers] of [
			[{ token: "" }, {}],
			[{ token: other.token }, {}],
			[{}, { origin: "https://evil.test" }],
			[{}, { origin: "null" }],
			[{}, { "sec-fetch-site": "cross-site" }],
			[{}, { "sec-fetch-site": "same-site" }],
		] as const) {
			const { status } = await person.post(
				`/events/${id}/publish`,
				{ body: "2", ...fields },
				headers as Record<string, string>,
			);
			expect([fields, headers, status]).toEqual([fields, headers, 403]);
		}
		expect(published).not.toHaveBeenCalled();
		const { status } = await person.post(`/events/${id}/publish`, {
			body: "2",
		});
		expect(status).toBe(303);
		expect(published).toHaveBeenCalledOnce();
		expect(JSON.parse(published.mock.calls[0]?.[0])).toMatchObject({
			tidings: "dashboard_action",
			action: "publish",
			by: "admin",
		});
	});

	test("of a session that has ended is shown again after the sign-in with what was typed, and nothing is done before", async () => {
		const person = visitor();
		await person.signIn("admin");
		const published = vi.spyOn(console, "info");
		const actions = () =>
			published.mock.calls.filter(([line]) => `${line}`.includes("_action"));
		const body = '{"note":"<b>\\"typed\\"\\n"}';
		const draft = {
			name: "never.matched",
			body,
			tags: "a: b",
			after: "2 days",
		};
		await person.get("/publish?name=never.matched");
		person.cookie = "";
		const lost = await person.post("/publish", draft);
		expect(lost.status).toBe(401);
		expect(lost.text).toContain("Your session has ended");
		expect(lost.text).not.toContain("<b>");
		const wrong = await person.post("/publish", { ...draft, key: "tid_a_b" });
		expect(wrong.status).toBe(401);
		expect(wrong.text).toContain("the API key is not valid");
		expect(wrong.text).not.toContain("tid_a_b");
		expect(hiddenIn(wrong.text)).toMatchObject(draft);
		const { name: _, token: __, ...kept } = hiddenIn(wrong.text);
		const shown = await person.post("/publish", {
			...kept,
			name: draft.name,
			key: keyOf("admin"),
		});
		expect(shown.status).toBe(403);
		expect(shown.text).toContain("the session of this form had ended");
		expect(shown.text).toContain(`>${escaped(body)}</textarea>`);
		expect(shown.text).toContain('value="2 days"');
		expect(actions()).toEqual([]);
		const sent = await person.post("/publish", { ...kept, name: draft.name });
		expect(sent.status).toBe(303);
		expect(actions()).toHaveLength(1);
		const id = sent.location?.replace("/events/", "") as string;
		expect(await events.cancel(id)).toBe(true);
	});

	test("of a session that has ended is kept up to 64 KB, for no other site, and without text it leads back", async () => {
		const person = visitor();
		await person.get("/events");
		const long = await person.post("/publish", { body: "1".repeat(70_000) });
		expect(long.status).toBe(401);
		expect(long.text).toContain("The form is longer than 64 KB");
		const foreign = { origin: "https://evil.test" };
		const { status } = await person.post("/publish", { body: "1" }, foreign);
		expect(status).toBe(403);
		const back = await person.post(
			"/dead-letters/x/discard",
			{ key: keyOf("admin") },
			{ referer: "https://events.test/dead-letters/x?a=%22" },
		);
		expect(back.status).toBe(403);
		expect(back.text).toContain('href="/dead-letters/x?a=%22"');
	});

	test("signs nobody in if another site posted it", async () => {
		const person = visitor();
		await person.get("/events");
		const { status } = await person.post(
			"/sign-in",
			{ key: keyOf("admin") },
			{ origin: "https://evil.test" },
		);
		expect(status).toBe(403);
	});

	test("is read only up to its limit, and only as a form", async () => {
		const person = visitor();
		await person.signIn("admin");
		await person.get("/events");
		const path = "/events/none/publish";
		expect(
			(await person.post(path, { body: "1".repeat(1_000_001) })).status,
		).toBe(413);
		const { status } = await person.post(
			path,
			{},
			{ "content-type": "text/plain" },
		);
		expect(status).toBe(415);
	});
});

/** The hidden fields of the form of a page. */
function hiddenIn(text: string): Record<string, string> {
	const fields = text.matchAll(
		/<input type="hidden" name="([^"]+)" value="([^"]*)"/g,
	);
	return Object.fromEntries(
		[...fields].map(([, name = "", value = ""]) => [name, unescaped(value)]),
	);
}

const ENTITIES = { "&lt;": "<", "&gt;": ">", "&quot;": '"', "&amp;": "&" };

function escaped(text: string): string {
	const to = Object.entries(ENTITIES).map(([to, from]) => [from, to] as const);
	return text.replace(/[<>"&]/g, (one) => new Map(to).get(one) as string);
}

function unescaped(text: string): string {
	return Object.entries(ENTITIES).reduce(
		(all, [entity, character]) => all.replaceAll(entity, character),
		text,
	);
}

test("an action that a key may not do is not offered, and is refused", async () => {
	const { id } = await events.publish("never.matched", 1);
	const reader = visitor();
	await reader.signIn("read");
	await vi.waitFor(async () => {
		const { status, text } = await reader.get(`/events/${id}`);
		expect(status).toBe(200);
		expect(text).not.toContain("Publish again");
	});
	const { status, text } = await reader.post(`/events/${id}/publish`, {
		body: "1",
	});
	expect(status).toBe(403);
	expect(text).toContain("may publish nothing");

	bindings.API_KEYS = JSON.stringify(
		JSON.parse(bindings.API_KEYS as string).map((key: { id: string }) =>
			key.id === "read"
				? { ...key, scopes: ["read", "publish:order.**"] }
				: key,
		),
	);
	expect((await reader.get(`/events/${id}`)).text).not.toContain(
		"Publish again",
	);
	const refused = await reader.post(`/events/${id}/publish`, { body: "1" });
	expect(refused.status).toBe(403);
	expect(refused.text).toContain("may publish order.**");
});

describe("behind Cloudflare Access", () => {
	let keys: GenerateKeyPairResult;
	let foreign: GenerateKeyPairResult;
	const options = { team: "acme", audience: "the-aud" };

	beforeAll(async () => {
		keys = await generateKeyPair("RS256", { extractable: true });
		foreign = await generateKeyPair("RS256", { extractable: true });
	});
	beforeEach(async () => {
		const jwk = {
			...(await exportJWK(keys.publicKey)),
			alg: "RS256",
			kid: "k",
		};
		vi.spyOn(globalThis, "fetch").mockImplementation(async (input) => {
			expect(`${input}`).toBe(
				"https://acme.cloudflareaccess.com/cdn-cgi/access/certs",
			);
			return Response.json({ keys: [jwk] });
		});
	});

	const token = (claims: object = {}, { privateKey } = keys) =>
		new SignJWT({
			email: "ada@acme.test",
			aud: ["the-aud"],
			...claims,
		})
			.setProtectedHeader({ alg: "RS256", kid: "k" })
			.setIssuer("https://acme.cloudflareaccess.com")
			.setExpirationTime("1h")
			.sign(privateKey);

	const header = (jwt: string) => ({ "cf-access-jwt-assertion": jwt });

	test("a person whom it let through reads, under a name that no key can have", async () => {
		const { status, text } = await visitor({ access: access(options) }).get(
			"/events",
			header(await token()),
		);
		expect(status).toBe(200);
		expect(text).toContain("<b>access:ada@acme.test</b>");
		expect(text).toContain("may read<");
		expect(text).not.toContain("Sign out");
		const admin = visitor({ access: access({ ...options, role: "admin" }) });
		expect((await admin.get("/events", header(await token()))).text).toContain(
			"may read and act",
		);
	});

	test("a request without a valid token sees nothing, not even the sign-in", async () => {
		const person = visitor({ access: access(options) });
		for (const headers of [
			{},
			header("x.y.z"),
			header(await token({ aud: ["other"] })),
			header(await token({}, foreign)),
		]) {
			const { status, text } = await person.get("/events", headers);
			expect([headers, status]).toEqual([headers, 401]);
			expect(text).not.toContain("password");
			expect(text).not.toContain("datalist");
			const live = await person.get("/events/live", {
				accept: "text/html, text/event-stream",
				...headers,
			} as Record<string, string>);
			expect(live.text).toBe("event: signed-out\ndata:\n\n");
			expect(live.headers.get("content-type")).toBe("text/event-stream");
		}
	});
});

test("every response has the headers that forbid foreign and inline code", async () => {
	const person = visitor();
	await person.signIn("read");
	const asset = /href="(\/assets\/[^"]+style.css)"/.exec(
		(await person.get("/events")).text,
	)?.[1] as string;
	for (const path of ["/events", "/nowhere", "/events/none", asset]) {
		const { headers } = await person.get(path);
		expect(headers.get("content-security-policy"), path).toBe(
			"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
		);
		expect(headers.get("x-content-type-options")).toBe("nosniff");
		expect(headers.get("cache-control")).toBe(
			path === asset ? "public, max-age=31536000, immutable" : "no-store",
		);
	}
	expect((await visitor().get(asset)).status).toBe(200);
	expect((await visitor().get(asset.replace(/[0-9a-f]{16}/, "0"))).status).toBe(
		404,
	);
});

describe("its place", () => {
	test("is the root, or /_tidings next to a fetch of the user's own, or the path that is set", async () => {
		const at = async (own: ReturnType<typeof worker>, path: string) => {
			const response = await own.fetch(
				new Request(`https://events.test${path}`) as never,
				env as never,
				{} as never,
			);
			return [response.status, (await response.text()).slice(0, 15)];
		};
		const page = [401, "<!doctype html>"];
		const shown = { dashboard: dashboard() };
		const fetch = () => new Response("mine");
		expect(await at(worker(events, shown), "/")).toEqual(page);
		expect(await at(worker(events, shown), "/health")).not.toEqual(page);
		expect(await at(worker(events, { ...shown, fetch }), "/")).toEqual([
			200,
			"mine",
		]);
		for (const path of ["/_tidings", "/_tidings/", "/_tidings/events"])
			expect(await at(worker(events, { ...shown, fetch }), path)).toEqual(page);
		const set = {
			fetch,
			prefix: "/ours",
			dashboard: dashboard({ path: "/ops" }),
		};
		expect(await at(worker(events, set), "/ours/ops")).toEqual(page);
		expect(await at(worker(events, set), "/ops")).toEqual([200, "mine"]);
		expect(await at(worker(events), "/")).not.toEqual(page);
	});

	test("hides neither the API nor the user's own fetch", () => {
		const fetch = () => new Response("mine");
		expect(() =>
			worker(events, { fetch, dashboard: dashboard({ path: "/" }) }),
		).toThrow("would hide your own fetch");
		for (const path of ["/v1", "/health", "/hooks/pages"])
			expect(() => worker(events, { dashboard: dashboard({ path }) })).toThrow(
				"would hide",
			);
	});

	test("and its options are validated", () => {
		for (const [options, message] of [
			[{ path: "events/" }, "is not a path"],
			[{ paht: "/x" }, "unknown key"],
			[{ access: { team: "acme" } }, "tidings/dashboard/access"],
		] as const)
			expect(() => dashboard(options as never)).toThrow(message);
		for (const [options, message] of [
			[{ team: "acme.com", audience: "a" }, "is not the name of a team"],
			[{ team: "acme", audience: "" }, "is not an audience"],
			[{ team: "acme", audience: "a", role: "all" }, "is unknown"],
			[{ team: "acme", aud: "a" }, "unknown key"],
		] as const)
			expect(() => access(options as never)).toThrow(message);
	});
});
