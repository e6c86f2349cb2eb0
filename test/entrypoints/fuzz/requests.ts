/** Requests of any shape over HTTP, and who sends them. */
import fc from "fast-check";

/** An app of the Worker under test, as it is and as clients encode it. */
const app = fc.constantFrom(
	"@test/lab",
	"%40test%2Flab",
	"@no/such",
	"@test",
	"..",
);
const id = fc.oneof(
	fc.constantFrom(
		"01a1fc58-179d-7042-a27b-c7a89af9ee02",
		"01a1fc58-179d-7042-a27b-c7a89af9ee02:mail/send",
		"replay",
		"%",
		"%2F",
		"%00",
		"%ED%A0%80",
	),
	fc.string().map(encodeURIComponent),
);
const segment = fc.oneof(
	fc.constantFrom("one", "two", "ticked", "announced", "webhook", "__proto__"),
	id,
);
const path = fc.oneof(
	fc.constantFrom(
		"/v1/events",
		"/v1/scheduled",
		"/v1/dead-letters",
		"/v1/handlers",
		"/v1/dead-letters/replay",
		"/v1/subscriptions",
		"/v1",
		"/v1/",
		"/v1//events",
		"/V1/events",
		"/v1/events/",
		"/health",
		"/health/",
		"/hooks",
	),
	id.map((part) => `/v1/scheduled/${part}`),
	id.map((part) => `/v1/dead-letters/${part}`),
	id.map((part) => `/v1/dead-letters/${part}/replay`),
	fc
		.tuple(app, segment)
		.map(([name, tool]) => `/v1/apps/${name}/tools/${tool}`),
	fc
		.tuple(app, segment)
		.map(([name, event]) => `/v1/apps/${name}/events/${event}/webhook`),
	fc
		.tuple(app, segment, segment)
		.map(([name, event, secret]) => `/hooks/${name}/${event}/${secret}`),
	fc.webPath().map((rest) => `/v1${rest}`),
);
const query = fc.oneof(
	fc.constant(""),
	fc.constantFrom(
		"?source=@test/lab&event=ticked",
		"?source=%40test%2Flab&event=announced&limit=1000",
		"?limit=1&limit=2",
		"?limit=1e3",
		"?status=replayed&cause=exhausted",
		"?cursor=MTAwMDAwMDAwMDAwMDAwMDAwMDAwMA",
		"?__proto__=1&constructor=2",
	),
	fc
		.array(
			fc.tuple(
				fc.constantFrom("limit", "cursor", "event", "cause", "status", "after"),
				fc.oneof(fc.string(), fc.base64String(), fc.nat().map(String)),
			),
			{ maxLength: 4 },
		)
		.map((pairs) => `?${new URLSearchParams(pairs)}`),
);
const method = fc.constantFrom(
	"GET",
	"POST",
	"PATCH",
	"DELETE",
	"PUT",
	"OPTIONS",
	"HEAD",
);
const text = fc.oneof(
	fc.string(),
	fc.string({ unit: "binary" }),
	fc.nat(20_000).map((length) => "é".repeat(length)),
);
const event = fc.record(
	{
		name: fc.oneof(
			fc.constantFrom("order.placed", "user.joined", "order.*", "@test/lab/x"),
			fc.jsonValue(),
			text,
		),
		body: fc.oneof(fc.jsonValue(), text),
		after: fc.oneof(
			fc.constantFrom("1 day", 5_000, "2027-02-30T00:00:00Z", 1e308, -1),
			fc.jsonValue(),
			text,
		),
		lane: fc.oneof(fc.constant("bulk"), fc.jsonValue(), text),
		id: fc.string(),
		["__proto__"]: fc.jsonValue(),
	},
	{ requiredKeys: [] },
);
const subscription = fc.record(
	{
		app: fc.oneof(fc.constantFrom("@test/lab", "@no/such"), text),
		source: fc.oneof(fc.constantFrom("@test/lab", "@no/such"), text),
		event: fc.oneof(fc.constantFrom("ticked", "announced"), text),
		tool: fc.oneof(fc.constantFrom("one", "two"), text),
		tokens: fc.array(text, { maxLength: 12 }),
		id: fc.integer(),
	},
	{ requiredKeys: [] },
);

/** JSON that is costly to parse, in a few bytes or in many. */
const HOSTILE = [
	(size: number) => "[".repeat(size),
	(size: number) => "[".repeat(size / 2) + "]".repeat(size / 2),
	(size: number) => `[${"[],".repeat(size / 3)}1]`,
	(size: number) =>
		`[${`${"[".repeat(900)}${"]".repeat(900)},`.repeat(size / 1_801)}1]`,
	(size: number) => `[${'{"a":{}},'.repeat(size / 9)}1]`,
	(size: number) =>
		`{"name":"order.placed","body":[${"1,".repeat(size / 2)}1]}`,
	(size: number) => `[${'{"name":"order.placed"},'.repeat(size / 24)}{}]`,
	(size: number) => `[${'{"name":"a b"},'.repeat(size / 15)}{}]`,
	(size: number) =>
		`{${Array.from({ length: size / 16 }, (_, n) => `"k${n}":1`).join()}}`,
	(size: number) =>
		`{${Array.from({ length: size / 16 }, (_, n) => `"${n * 40_931}":1`).join()}}`,
	(size: number) => `"${"\\u0000".repeat(size / 6)}"`,
	(size: number) => `{"name":"order.placed","body":"${"x".repeat(size)}"}`,
	(size: number) => `{"name":"${"x".repeat(size)}"}`,
	(size: number) => `{"${"x".repeat(size)}":1}`,
	(size: number) => "1".repeat(size),
	(size: number) => " ".repeat(size),
	(size: number) =>
		`{"name":"order.placed","after":"${"1 ".repeat(size / 2)}"}`,
	(size: number) =>
		`{"app":"${"@".repeat(size)}","source":"${"/".repeat(size)}"}`,
] as const;

/** @param size of the largest, in bytes */
function hostile(size: number) {
	return fc
		.tuple(
			fc.constantFrom(...HOSTILE),
			fc.double({ min: 0, max: 1, noNaN: true }),
		)
		.map(([make, share]) => make(Math.floor(2_000 + share ** 3 * size)));
}

const headers = fc.oneof(
	{ weight: 9, arbitrary: fc.constant({ "content-type": "application/json" }) },
	{
		weight: 1,
		arbitrary: fc.record(
			{
				"content-type": fc.constantFrom(
					"application/json; charset=utf-8",
					"text/plain",
					"application/cloudevents+json",
					"multipart/form-data",
				),
				"x-http-method-override": fc.constantFrom("GET", "DELETE"),
				"idempotency-key": fc.constant("k"),
				"webhook-id": fc.constant("m1"),
			},
			{ requiredKeys: [] },
		),
	},
);

export interface FuzzRequest {
	method: string;
	path: string;
	query: string;
	/** Sent as it is; undefined for none. */
	body: string | undefined;
	headers: Record<string, string>;
}

const goodEvent = fc.record(
	{
		name: fc.constantFrom("order.placed", "user.joined", "user.left"),
		body: fc.oneof(
			fc.constant({ userId: "u1", email: "ada@example.com" }),
			fc.jsonValue(),
		),
		after: fc.constantFrom("1 day", 5_000),
	},
	{ requiredKeys: ["name"] },
);
const goodSubscription = fc.record({
	app: fc.constant("@test/lab"),
	source: fc.constant("@test/lab"),
	event: fc.constantFrom("ticked", "announced"),
	tool: fc.constantFrom("one", "two"),
});

/** Requests that a caller with the permission may send, and those that differ in the body alone. */
const LIKELY: [
	method: string,
	path: string,
	query: string,
	fc.Arbitrary<unknown>,
][] = [
	["POST", "/v1/events", "", goodEvent],
	["POST", "/v1/events", "", fc.array(goodEvent, { maxLength: 20 })],
	["POST", "/v1/events", "", event],
	["POST", "/v1/events", "", fc.array(event, { maxLength: 5 })],
	["GET", "/v1/scheduled", "?limit=50", fc.constant(undefined)],
	["GET", "/v1/dead-letters", "", fc.constant(undefined)],
	["GET", "/v1/handlers", "", fc.constant(undefined)],
	["GET", "/health", "", fc.constant(undefined)],
	[
		"PATCH",
		"/v1/scheduled/01a1fc58-179d-7042-a27b-c7a89af9ee02",
		"",
		fc.record({ after: fc.oneof(fc.constant("1 day"), fc.jsonValue()) }),
	],
	[
		"POST",
		"/v1/dead-letters/replay",
		"",
		fc.record({ event: text, handler: text }, { requiredKeys: [] }),
	],
	[
		"POST",
		"/v1/dead-letters/01a1fc58-179d-7042-a27b-c7a89af9ee02:orders/replay",
		"",
		fc.record({ body: fc.jsonValue() }),
	],
	["POST", "/v1/subscriptions", "", goodSubscription],
	["POST", "/v1/subscriptions", "", subscription],
	["DELETE", "/v1/subscriptions", "", subscription],
	[
		"GET",
		"/v1/subscriptions",
		"?source=@test/lab&event=ticked",
		fc.constant(undefined),
	],
	["POST", "/v1/apps/@test/lab/tools/one", "", fc.jsonValue()],
	["POST", "/v1/apps/%40test%2Flab/tools/two", "", fc.jsonValue()],
	[
		"GET",
		"/v1/apps/@test/lab/events/ticked/webhook",
		"",
		fc.constant(undefined),
	],
];

/** @param size of the largest body, in bytes */
export function requests(size: number): fc.Arbitrary<FuzzRequest> {
	const json = fc
		.oneof(
			event,
			fc.array(event, { maxLength: 5 }),
			subscription,
			fc.jsonValue(),
		)
		.map((value) => JSON.stringify(value));
	const broken = fc.string().map((rest) => `{"name":"order.placed"${rest}`);
	const any = fc.record({
		method,
		path,
		query,
		headers,
		body: fc.oneof(fc.constant(undefined), json, json, json, broken),
	});
	const likely = fc
		.constantFrom(...LIKELY)
		.chain(([method, path, query, body]) =>
			fc.record({
				method: fc.constant(method),
				path: fc.constant(path),
				query: fc.constant(query),
				headers,
				body: fc.oneof(
					{ weight: 9, arbitrary: body.map((value) => JSON.stringify(value)) },
					{ weight: 1, arbitrary: hostile(size) },
				),
			}),
		);
	return fc.oneof(any, likely, likely).map(({ body, ...request }) => ({
		...request,
		headers: request.headers as Record<string, string>,
		body: /GET|HEAD/.test(request.method) ? undefined : body,
	}));
}

/** Sizes of texts on both sides of each limit of bytes and of tokens. */
const SIZES = [
	11_000_000, 6_000_000, 3_000_000, 1_000_000, 700_000, 250_000, 60_000,
];

/** Each costly text in each of the sizes, for each path that reads a body. One at a time, because they are large. */
export function* hostileRequests(): Generator<[FuzzRequest, FuzzCaller]> {
	const paths = new Map(LIKELY.map((one) => [`${one[0]} ${one[1]}`, one]));
	for (const [method, path] of paths.values())
		for (const make of HOSTILE)
			for (const size of method === "GET" ? [] : SIZES)
				yield [
					{
						method,
						path,
						query: "",
						headers: { "content-type": "application/json" },
						body: make(size),
					},
					/apps|subscriptions/.test(path) ? "user" : "admin",
				];
}

/** The credentials of a request. Keys and tokens that are valid are more frequent. */
export const CALLERS = [
	"admin",
	"admin",
	"read",
	"publish",
	"orders",
	"none",
	"user",
	"user",
	"expired",
	"forged",
	"unsigned",
	"garbage",
	"wrong",
	"stranger",
	"nobody",
] as const;

export type FuzzCaller = (typeof CALLERS)[number];

/** The paths for which each caller may get a 2xx. Everyone may see the status of `/health`. */
const ALLOWED: Record<FuzzCaller, RegExp | null> = {
	admin: /./,
	read: /^(GET|HEAD) \/(v1\/(scheduled|handlers|dead-letters(\/.+)?)|health)$/,
	publish: /^(POST \/v1\/events|(PATCH|DELETE) \/v1\/scheduled\/.+)$/,
	orders: /^(POST \/v1\/events|(PATCH|DELETE) \/v1\/scheduled\/.+)$/,
	none: null,
	user: /^(POST \/v1\/apps\/.+\/tools\/.+|(GET|HEAD|POST|DELETE) \/v1\/subscriptions)$/,
	expired: null,
	forged: null,
	unsigned: null,
	garbage: null,
	wrong: null,
	stranger: null,
	nobody: /^(GET|HEAD) \/health$/,
};

/** Returns what is wrong with an answer, or undefined. */
export function faultOf(
	request: FuzzRequest,
	caller: FuzzCaller,
	{ status, text }: { status: number; text: string },
): string | undefined {
	const { method, path, body } = request;
	const { pathname } = new URL(path, "http://localhost");
	// Any other path is the user's own.
	if (!/^\/(v1|health|hooks)(\/|$)/.test(pathname)) return undefined;
	if (status < 300 && !ALLOWED[caller]?.test(`${method} ${pathname}`))
		return "a caller without permission succeeds";
	if (status < 300 && caller === "orders" && method === "POST") {
		const names = [JSON.parse(body as string)]
			.flat()
			.map(({ name }: { name: string }) => name);
		if (!names.every((name) => /^order(\.|$)/.test(name)))
			return "a name outside of the key's pattern is published";
	}
	if (status < 400 || method === "HEAD") return undefined;
	let problem: Record<string, unknown>;
	try {
		problem = JSON.parse(text);
	} catch {
		return "the answer is not a problem document";
	}
	const { code } = problem;
	if (typeof code !== "string" || typeof problem.detail !== "string")
		return "the problem document is not complete";
	if (text.length > 20_000) return "the answer repeats a large value";
	if (status >= 500 && !DOCUMENTED.includes(code)) return "an undocumented 5xx";
	return undefined;
}

/** Codes of answers with 5xx that a request may cause. */
const DOCUMENTED = ["not_supported", "tool_failed", "unavailable"];
