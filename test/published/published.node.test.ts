/** The published package at work: its types and sizes, its command, and its client in Node. */
import { execFile } from "node:child_process";
import { once } from "node:events";
import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { createTestHarness } from "wrangler";
import {
	deployedSize,
	install,
	root,
	startupTime,
	typeErrors,
} from "./project.ts";

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), "tidings-published-"));
const app = join(folder, "app");
const tarball = inject("tarball");

beforeAll(async () => {
	await install(tarball, app);
	for (const [name, text] of Object.entries(PROJECT))
		await writeFile(join(app, name), text);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Strict, and checks the declarations of packages, too. */
const strict = {
	strict: true,
	noUncheckedIndexedAccess: true,
	exactOptionalPropertyTypes: true,
	skipLibCheck: false,
	target: "es2024",
	lib: ["es2024"],
	noEmit: true,
};

/** The classes of `tidings/objects`. */
const objects = [
	...readFileSync(join(root, "src/objects.ts"), "utf8").matchAll(
		/^export (?:\{ |const )(\w+)/gm,
	),
].map(([, name]) => name);

/** A user's project. */
const PROJECT = {
	"events.ts": `
import { createEvents, event } from "tidings";
import * as z from "zod";

export const OrderPlaced = event("order.placed", z.object({ orderId: z.string(), total: z.number() }));
export const events = createEvents({ events: [OrderPlaced] });
events.on(OrderPlaced, { id: "receipt", retries: 3 }, async ({ body }, { signal }) => {
	const total: number = body.total;
	console.log(total, signal.aborted);
});
`,
	"owner.ts": `
import { publisher, worker } from "tidings/worker";
import { events } from "./events.ts";

export default worker(events, { fetch: () => new Response("mine") });
export const Publisher = publisher(events);
export * from "tidings/objects";
`,
	"owner.toml": `
name = "app"
main = "owner.ts"
compatibility_date = "2026-11-01"

[vars]
TIDINGS_QUEUES = { events = "e", retries = "r", deadLetters = "d" }

[[queues.producers]]
binding = "EVENTS_QUEUE"
queue = "e"

[[queues.producers]]
binding = "RETRIES_QUEUE"
queue = "r"

[[queues.producers]]
binding = "DEAD_LETTERS_QUEUE"
queue = "d"
${objects
	.map(
		(name) => `
[exports.${name}]
type = "durable-object"
storage = "sqlite"
`,
	)
	.join("")}`,
	"operated.ts": `
import { dashboard } from "tidings/dashboard";
import { worker } from "tidings/worker";
import { events } from "./events.ts";

export default worker(events, { fetch: () => new Response("mine"), dashboard: dashboard({ path: "/ops" }) });
export * from "tidings/objects";
`,
	"with-apps.ts": `
import { createEvents } from "tidings";
import { apps, createApp } from "tidings/apps";
import { worker } from "tidings/worker";

const events = createEvents({ apps: [createApp("@acme/parcels", {})] });

export default worker(events, { apps: apps() });
export * from "tidings/objects";
`,
	"client.ts": `
import { createClient } from "tidings/client";
import type { events } from "./events.ts";
import type { Publisher } from "./owner.ts";

export default {
	async fetch(_request, env) {
		const client = createClient<typeof events>(env.EVENTS);
		// @ts-expect-error total is missing
		client.publish("order.placed", { orderId: "o1" });
		return Response.json(await client.publish("order.placed", { orderId: "o1", total: 5 }));
	},
} satisfies ExportedHandler<{ EVENTS: Service<typeof Publisher> }>;
`,
	"bus.ts": `
import { createEvents } from "tidings";

const events = createEvents();
export default {
	fetch: async () => Response.json(await events.publish("order.placed", { orderId: "o1" })),
} satisfies ExportedHandler;
`,
	"subscriber.ts": `
import { createEvents } from "tidings";
import { subscriber } from "tidings/worker";

const events = createEvents();
events.on("order.placed", { id: "receipt" }, ({ id }) => console.log(id));
export const Subscriber = subscriber(events);
export default { fetch: () => new Response(null, { status: 404 }) } satisfies ExportedHandler;
`,
	"program.mts": `
import { createClient, RefusedError } from "tidings/client";

const [, , url = "", key = ""] = process.argv;
const client = createClient({ url, key });
const receipt = await client.publish("order.placed", { after: "1 day" }, { at: new Date(0) });
console.log(process.versions.node.split(".")[0], JSON.stringify(receipt));
await client.publish("order.placed", 1n).catch((error: unknown) => {
	console.log(error instanceof RefusedError && error.code);
});
`,
	"tsconfig.json": JSON.stringify({
		compilerOptions: {
			...strict,
			module: "esnext",
			moduleResolution: "bundler",
			allowImportingTsExtensions: true,
			types: ["@cloudflare/workers-types"],
		},
		include: ["*.ts"],
	}),
	"tsconfig.program.json": JSON.stringify({
		compilerOptions: {
			...strict,
			module: "nodenext",
			types: ["node"],
			noEmit: false,
		},
		include: ["program.mts"],
	}),
};

test("its command registers a directory of handlers, and fails with --check if that is stale", async () => {
	const handlers = join(app, "src/handlers");
	await mkdir(handlers, { recursive: true });
	await writeFile(join(handlers, "welcome.ts"), "export {};\n");
	const tidings = join(app, "node_modules/.bin/tidings");
	await run(tidings, ["generate"], { cwd: app });
	const generated = join(app, "src/handlers.generated.ts");
	expect(await readFile(generated, "utf8")).toContain("./handlers/welcome.ts");
	await run(tidings, ["generate", "--check"], { cwd: app });
	await writeFile(join(handlers, "later.ts"), "export {};\n");
	await expect(
		run(tidings, ["generate", "--check"], { cwd: app }),
	).rejects.toMatchObject({ code: 1 });
});

test("a user's Workers compile strictly, including the declarations of packages", async () => {
	expect(await typeErrors(app)).toBe("");
});

/** The code of a bundle that wrangler wrote, without the map of its sources. */
async function codeIn(bundle: string): Promise<string> {
	const [code = ""] = (await readFile(bundle, "utf8")).split(
		/filename="[^"]*\.map"/,
	);
	return code;
}

/** The pages, and how their parts look. */
const OF_PAGES = [
	"pages/*.js",
	"assets/{action,chart,handlers,timeline}-style.js",
];

/** Leaves of a module only the names of its exports. */
async function removeCode(path: string): Promise<void> {
	const code = await readFile(path, "utf8");
	const names = [
		...code.matchAll(/^export (?:const|(?:async )?function) (\w+)/gm),
	];
	const stubs = names.map(([, name]) => `export const ${name} = () => {};`);
	await writeFile(path, stubs.join("\n"));
}

describe("a deployed Worker", () => {
	const at = ["--name", "app", "--compatibility-date", "2026-11-01"];
	let ownerSize = 0;

	test("that publishes through createClient has less than 12 KB gzipped", async () => {
		expect(await deployedSize(app, "client.ts", ...at)).toBeLessThan(12);
	});

	test("that publishes through createEvents has less than 24 KB gzipped", async () => {
		expect(await deployedSize(app, "bus.ts", ...at)).toBeLessThan(24);
	});

	test("that brings handlers has less than 26 KB gzipped", async () => {
		expect(await deployedSize(app, "subscriber.ts", ...at)).toBeLessThan(26);
	});

	test("that owns events, with HTTP and every object, has less than 140 KB gzipped, minified as the templates are, and nothing of the dashboard or of a local run", async () => {
		const bundle = join(app, "owner.bundle");
		const to = ["--outfile", bundle, "--minify", ...at];
		ownerSize = await deployedSize(app, "owner.ts", ...to);
		expect(ownerSize).toBeLessThan(140);
		const others =
			/htmx|tidings_session|TIDINGS_LOCAL|local-queues|is_leased/.exec(
				await codeIn(bundle),
			);
		expect(others?.[0]).toBeUndefined();
	});

	test("that owns events without apps has no code of apps: neither tokens nor JSON Schema", async () => {
		const bundle = join(app, "with-apps.bundle");
		await deployedSize(app, "with-apps.ts", "--outfile", bundle, ...at);
		const withApps = await codeIn(bundle);
		const without = await codeIn(join(app, "owner.bundle"));
		for (const text of [
			"ERR_JWT_EXPIRED",
			"unevaluatedProperties",
			"listSubscriptions",
		]) {
			expect(withApps.includes(text), text).toBe(true);
			expect(without.includes(text), text).toBe(false);
		}
	});

	test("that also serves the dashboard has less than 72 KB more, of which less than 25 KB are not the code of pages, and no verifier of tokens", async () => {
		const bundle = join(app, "operated.bundle");
		const build = () =>
			deployedSize(app, "operated.ts", "--outfile", bundle, "--minify", ...at);
		const size = await build();
		expect(size - ownerSize, "all").toBeLessThan(72);
		expect(await codeIn(bundle)).not.toContain("ERR_JWT_EXPIRED");
		const code = join(app, "node_modules/tidings/dist/dashboard");
		for (const path of globSync(OF_PAGES, { cwd: code }))
			await removeCode(join(code, path));
		const fixed = await build();
		expect(fixed - ownerSize, "the fixed part").toBeLessThan(25);
	});

	test("that owns events starts in less than 250 ms, a quarter of what the platform allows", async () => {
		// A Worker that fails to start has a profile, too, so check first that it answers.
		const harness = createTestHarness({
			root: app,
			workers: [{ configPath: "owner.toml" }],
		});
		await harness.listen();
		const response = await harness.getWorker("app").fetch("/");
		expect(await response.text()).toBe("mine");
		await harness.close();
		expect(await startupTime(app, "owner.toml", 250)).toBeLessThan(250);
	});
});

/** The Node of the tests, and the Node of npm, which may be version 20. */
const nodes = new Set([
	process.execPath,
	process.env.npm_node_execpath ?? process.execPath,
]);

describe.each([...nodes])("in a program of %s", (node) => {
	test("tidings/client compiles and publishes without any type or API of Workers", async () => {
		expect(await typeErrors(join(app, "tsconfig.program.json"))).toBe("");
		const requests: unknown[] = [];
		const server = createServer(async (request, response) => {
			let text = "";
			for await (const chunk of request) text += chunk;
			const { method, url, headers } = request;
			const { authorization } = headers;
			requests.push({ method, url, authorization, body: JSON.parse(text) });
			response
				.writeHead(202, { "content-type": "application/json" })
				.end('{"id":"e1","time":1,"delay":2}');
		});
		server.listen(0, "127.0.0.1");
		await once(server, "listening");
		const { port } = server.address() as AddressInfo;
		try {
			const { stdout } = await run(
				node,
				["program.mjs", `http://127.0.0.1:${port}/`, "tid_a_b"],
				{ cwd: app },
			);
			expect(stdout).toMatch(
				/^\d+ \{"id":"e1","time":1,"delay":2\}\ninvalid_body\n$/,
			);
		} finally {
			server.close();
		}
		expect(requests).toEqual([
			{
				method: "POST",
				url: "/v1/events",
				authorization: "Bearer tid_a_b",
				body: {
					name: "order.placed",
					body: { at: "1970-01-01T00:00:00.000Z" },
					after: "1 day",
				},
			},
		]);
	});
});
