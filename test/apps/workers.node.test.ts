/** Apps in Workers of their own: a source, a subscriber, the owner of the events, and a Worker that knows of no apps. */
import { gzipSync } from "node:zlib";
import { SignJWT } from "jose";
import {
	afterAll,
	afterEach,
	beforeAll,
	describe,
	expect,
	test,
	vi,
} from "vitest";
import { createTestHarness } from "wrangler";

const harness = createTestHarness({
	root: new URL("./workers", import.meta.url).pathname,
	workers: ["owner", "source", "reader", "older", "thief"].map((name) => ({
		configPath: `${name}.toml`,
	})),
});

beforeAll(async () => {
	await harness.listen();
});
afterAll(() => harness.close());

const WAIT = { timeout: 30_000, interval: 50 };
const NAME = "@far/source/mailed";

const ask = async (worker: string, path: string, init?: RequestInit) =>
	harness.getWorker(`far-${worker}`).fetch(path, init as never);
const read = async (worker: string, path = "/") =>
	(await ask(worker, path)).json() as Promise<unknown[]>;

const tokenOf = (account: Record<string, unknown>) =>
	new SignJWT({ account })
		.setProtectedHeader({ alg: "HS256" })
		.setIssuer("https://auth.example")
		.setExpirationTime("1 hour")
		.sign(new TextEncoder().encode("a secret of the tests, 32 bytes at least"));
const ada = () => tokenOf({ accountId: "a1", email: "ada@example.com" });
const ben = () => tokenOf({ accountId: "b2", email: "ben@example.com" });

interface ThrownError {
	name: string;
	code?: string;
	message: string;
	isClass?: boolean;
}
interface Ran {
	output?: { value?: unknown; error?: ThrownError };
	error?: ThrownError;
}

async function run(
	app: string,
	tool: string,
	input: unknown,
	tokens: string[] = [],
): Promise<Ran> {
	const body = JSON.stringify({ app, tool, input, tokens });
	const response = await ask("owner", "/run", { method: "POST", body });
	return response.json() as Promise<Ran>;
}

/** The result or error of a call that the tool `act` of an app makes. */
async function act(
	app: string,
	method: string,
	args: unknown[],
	{ tokens = [], ...rest }: { tokens?: string[]; [more: string]: unknown } = {},
) {
	const input = { capability: "event", method, args, ...rest };
	const { output, error } = await run(app, "act", input, tokens);
	expect(error).toBeUndefined();
	return output as NonNullable<Ran["output"]>;
}

const join = async (token: string) =>
	act("@far/reader", "subscribe", ["@far/source", "mailed", "read"], {
		tokens: [token],
	});
const leave = async (token: string) =>
	act("@far/reader", "unsubscribe", ["@far/source", "mailed"], {
		tokens: [token],
	});
const phase = async () =>
	((await read("owner", `/state?name=${NAME}`)) as unknown as { phase: string })
		.phase;

async function stopped(): Promise<void> {
	await vi.waitFor(async () => expect(await phase()).toBe("stopped"), WAIT);
}

async function webhook(): Promise<string> {
	const starts = (await read("source")).filter(
		(one) => (one as string[])[0] === "start",
	);
	return new URL((starts.at(-1) as string[])[1] as string).pathname;
}

async function received(text: string): Promise<unknown[]> {
	return (await read("reader")).filter(
		(one) => (one as [unknown, { text: string }])[1].text === text,
	);
}

afterEach(async () => {
	await ask("source", "/");
	await ask("reader", "/");
	await ask("thief", "/");
	await ask("owner", "/clock?offset=0");
});

describe("a source, a subscriber and the owner in three Workers", () => {
	test("a webhook call reaches the source's handler, whose send reaches the subscriber with that email", async () => {
		expect(await join(await ada())).toEqual({
			value: { id: expect.any(Number), state: "active" },
		});
		expect((await join(await ben())).value).toMatchObject({ state: "active" });
		const url = await webhook();
		const call = async (path: string, token?: string) =>
			ask("owner", path, {
				method: "POST",
				...(token && { headers: { "x-token": token } }),
				body: JSON.stringify({
					toSubscribers: { email: "ada@example.com" },
					payload: { text: "from outside" },
				}),
			});
		expect((await call(url)).status).toBe(401);
		expect((await call(`${url}?n=1`, "right")).status).toBe(202);
		await vi.waitFor(
			async () =>
				expect(await received("from outside")).toEqual([
					[
						{ accountId: "a1", email: "ada@example.com" },
						{ text: "from outside" },
					],
				]),
			WAIT,
		);
		const handshake = await ask("owner", `${url}?challenge=c1`);
		expect([handshake.status, await handshake.text()]).toEqual([207, "c1"]);
		expect(handshake.headers.get("x-from")).toBe("source");
		expect((await leave(await ada())).value).toBe(true);
		expect(await phase()).toBe("running");
		expect((await leave(await ben())).value).toBe(true);
		await stopped();
		expect((await read("source")).at(-1)).toEqual(["stop"]);
		expect((await call(url, "right")).status).toBe(410);
	});

	test("a compressed call over the wire is verified decompressed in the source's Worker, and an error of verify is not sent to the caller", async () => {
		await join(await ada());
		const url = await webhook();
		const call = (token: string) =>
			ask("owner", `${url}?a=1&a=2&token=sesame`, {
				method: "POST",
				headers: { "x-token": token, "content-encoding": "gzip" },
				body: gzipSync(
					JSON.stringify({
						toSubscribers: { email: "ada@example.com" },
						payload: { text: "compressed" },
					}),
				),
			});
		expect((await call("wrong")).status).toBe(401);
		const failed = await call("throw");
		expect(failed.status).toBe(500);
		const problem = await failed.text();
		expect(JSON.parse(problem).code).toBe("webhook_failed");
		expect(problem).not.toContain("the source's own");
		expect((await call("right")).status).toBe(202);
		await vi.waitFor(
			async () => expect(await received("compressed")).toHaveLength(1),
			WAIT,
		);
		expect(await read("source")).toContainEqual([
			"handler",
			expect.any(Number),
			{ a: "2" },
		]);
		await leave(await ada());
		await stopped();
	});

	test("an error of the owner has its class, code and message in the app's code", async () => {
		const refused = async (
			method: string,
			args: unknown[],
			app = "@far/reader",
			more: Record<string, unknown> = {},
		) => (await act(app, method, args, more)).error;
		expect(await refused("subscribe", ["@far/none", "x", "read"])).toEqual({
			name: "RefusedError",
			code: "unknown_app",
			message: '"@far/none" is not an app; use @far/source, @far/reader',
			isClass: true,
		});
		expect(
			await refused("subscribe", ["@far/source", "mailed", "read"]),
		).toMatchObject({ code: "invalid_token", isClass: true });
		expect(
			await refused("send", ["mailed", { payload: { text: "x" } }]),
		).toMatchObject({
			code: "unknown_event",
			message:
				'"mailed" is not an event of @far/reader; use another app: it has none',
			isClass: true,
		});
		expect(
			await refused("send", ["mailed", { payload: {} }], "@far/source"),
		).toMatchObject({ code: "schema_violation", isClass: true });
		expect(
			await refused(
				"send",
				["mailed", { payload: { text: "x" } }],
				"@far/source",
				{
					isUndefined: true,
				},
			),
		).toMatchObject({ code: "invalid_request", isClass: true });
		expect(await refused("poll", ["5 minutes"])).toMatchObject({
			message: expect.stringMatching(
				/^event\.poll: .*only the start of an event/,
			),
			isClass: true,
		});
		expect(
			await refused("get", ["@far/source", "/x.json"], "@far/reader", {
				capability: "storage",
			}),
		).toMatchObject({
			name: "ForbiddenError",
			code: "forbidden",
			isClass: true,
		});
	});

	test("an edited body is checked by the schema in the source's Worker", async () => {
		const check = async (payload: unknown) => {
			const body = { name: NAME, body: { filter: [], payload } };
			const init = { method: "POST", body: JSON.stringify(body) };
			return (await ask("owner", "/check", init)).json();
		};
		expect(await check({ text: "edited" })).toBeNull();
		expect(await check({})).toMatchObject({
			code: "schema_violation",
			message: expect.stringContaining('required property "text"'),
		});
	});

	test("an app stores values in the bucket of its own Worker, and an error says what is missing without one", async () => {
		const storage = { capability: "storage" };
		await act(
			"@far/reader",
			"put",
			["@far/reader", "/a.json", { n: 1 }],
			storage,
		);
		expect(
			await act("@far/reader", "get", ["@far/reader", "/a.json"], storage),
		).toEqual({ value: { n: 1 } });
		const { error } = await act(
			"@far/source",
			"get",
			["@far/source", "/a.json"],
			storage,
		);
		expect(error?.message).toContain('add it to the "capabilities"');
	});

	test("a user's token is never sent to the app's Worker", async () => {
		const token = await ada();
		await join(token);
		await leave(token);
		await stopped();
		const calls = (await read("reader", "/calls")) as string[];
		expect(calls.length).toBeGreaterThan(1);
		for (const one of calls) expect(one).not.toContain(token.slice(-20));
	});

	test("a tool's error is reported with its name and message", async () => {
		expect((await run("@far/reader", "fail", null)).error).toEqual({
			name: "ToolFailedError",
			code: "tool_failed",
			message: "@far/reader fail failed: OddError: the tool's own",
		});
		await join(await ada());
		await act("@far/source", "send", ["mailed", { payload: { text: "odd" } }]);
		await vi.waitFor(
			async () =>
				expect(await read("owner", "/ends")).toContainEqual(
					expect.stringMatching(
						/dead @far\/reader\/read#\d+ NonRetryableError: never this$/,
					),
				),
			WAIT,
		);
		await leave(await ada());
		await stopped();
	});
});

describe("while the subscriber's Worker is down", () => {
	test("its deliveries wait and arrive later, except for a subscription that has ended meanwhile", async () => {
		await join(await ada());
		await join(await ben());
		await ask("reader", "/?down");
		// A wait of a minute for the Worker ends in five seconds.
		await ask("owner", "/clock?offset=-55000");
		await act("@far/source", "send", ["mailed", { payload: { text: "late" } }]);
		const ends = async (type: string) =>
			(await read("owner", "/ends")).filter((one) =>
				new RegExp(`mailed ${type} @far/reader/read#\\d+$`).test(one as string),
			);
		await vi.waitFor(
			async () => expect(await ends("waiting")).toHaveLength(2),
			WAIT,
		);
		expect((await run("@far/reader", "act", null)).error).toMatchObject({
			name: "UnavailableError",
			code: "unavailable",
		});
		await ask("reader", "/");
		// The ten seconds after a failed request are over.
		await ask("owner", "/clock?offset=-44000");
		expect((await leave(await ben())).value).toBe(true);
		await vi.waitFor(async () => {
			expect(await ends("cancelled")).toHaveLength(1);
			expect(await received("late")).toHaveLength(1);
		}, WAIT);
		expect(await received("late")).toMatchObject([
			[{ email: "ada@example.com" }, { text: "late" }],
		]);
		await leave(await ada());
		await stopped();
	});
});

describe("while the source's Worker is down", () => {
	test("its webhook answers 503, never 404 or 410, and subscribing is unavailable", async () => {
		await join(await ada());
		const url = await webhook();
		const call = () =>
			ask("owner", url, {
				method: "POST",
				headers: { "x-token": "right" },
				body: "{}",
			});
		for (const [offset, way] of [
			[200_000, "/?down"],
			[400_000, "/?no-apps"],
		] as const) {
			await ask("source", way);
			await ask("owner", `/clock?offset=${offset}`);
			const called = await call();
			expect([way, called.status]).toEqual([way, 503]);
			// The caller may be anybody: it learns no error of a Worker, and no Worker's name.
			expect(await called.text()).not.toMatch(/deployed|overloaded|source/);
			const joining = await run(
				"@far/reader",
				"act",
				{
					capability: "event",
					method: "subscribe",
					args: ["@far/source", "mailed", "read"],
				},
				[await ada()],
			);
			expect([way, joining.output?.error?.code]).toEqual([way, "unavailable"]);
		}
		await ask("source", "/");
		await ask("owner", "/clock?offset=600000");
		await leave(await ada());
		await stopped();
	});
});

test("a Worker that lists its handlers but not its apps still receives its other events", async () => {
	await ask("source", "/?no-apps");
	await ask("owner", "/clock?offset=800000");
	const { id } = (await read("owner", "/publish")) as unknown as {
		id: string;
	};
	const ends = async () =>
		(await read("owner", "/ends")).filter((one) =>
			(one as string).startsWith(`${id} order.placed `),
		);
	await vi.waitFor(
		async () =>
			expect((await ends()).slice(1)).toEqual(
				expect.arrayContaining([`${id} order.placed delivered source/plain`]),
			),
		{ timeout: 5_000, interval: 50 },
	);
	expect((await run("@far/source", "act", null)).error?.code).toBe(
		"unavailable",
	);
	// Asked again soon, and not only when its list of handlers is too old.
	await ask("source", "/");
	await ask("owner", "/clock?offset=811000");
	expect((await run("@far/source", "act", null)).error?.code).toBe(
		"tool_failed",
	);
});

describe("a Worker that lists what belongs to another app", () => {
	const deliver = async (text: string) => {
		const payload = { text };
		const url = await webhook();
		const headers = { "x-token": "right" };
		const body = JSON.stringify({ payload });
		return ask("owner", url, { method: "POST", headers, body });
	};

	test("receives no webhook call, no URL and no delivery to a tool", async () => {
		await join(await ada());
		await ask("thief", "/?pattern=@far/source/mailed/trigger");
		await ask("owner", "/clock?offset=1000000");
		expect((await deliver("not stolen")).status).toBe(202);
		await vi.waitFor(
			async () => expect(await received("not stolen")).toHaveLength(1),
			WAIT,
		);
		expect(await read("thief")).toEqual([]);
		await leave(await ada());
		await stopped();
	});

	test("does not bring an app that the configuration gives to another Worker", async () => {
		await ask("thief", "/?app=@far/source");
		await ask("owner", "/clock?offset=1200000");
		expect((await join(await ada())).value).toMatchObject({ state: "active" });
		expect((await deliver("not taken")).status).toBe(202);
		await vi.waitFor(
			async () => expect(await received("not taken")).toHaveLength(1),
			WAIT,
		);
		expect(await read("thief")).toEqual([]);
		await leave(await ada());
		await stopped();
	});

	test("makes an app unavailable that the configuration gives to none, and receives nothing of it", async () => {
		await ask("thief", "/?app=@far/reader");
		await ask("owner", "/clock?offset=1400000");
		expect((await run("@far/reader", "act", null)).error).toEqual({
			name: "UnavailableError",
			code: "unavailable",
			message:
				'the Workers thief and reader both have the app "@far/reader", so neither is called; name it in the apps of one of them in tidings.config.ts, as subscribers.thief.apps or subscribers.reader.apps',
		});
		// While the app's own Worker is down, the claim of the other is not accepted either.
		await ask("reader", "/?down");
		await ask("owner", "/clock?offset=1600000");
		expect((await run("@far/reader", "act", null)).error?.code).toBe(
			"unavailable",
		);
		expect(await read("thief")).toEqual([]);
		await ask("reader", "/");
		await ask("owner", "/clock?offset=1800000");
		expect((await run("@far/reader", "act", null)).error?.code).toBe(
			"tool_failed",
		);
	});
});

test("a Worker without the method apps counts as one without apps, not as unreachable", async () => {
	const { error } = await run("@far/none", "act", null);
	expect(error?.code).toBe("unknown_app");
});
