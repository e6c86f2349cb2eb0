/** Generates, compiles and runs the code of the guide on apps on the local runtime, in one Worker and in two. */
import { execFile } from "node:child_process";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { exportSPKI, generateKeyPair, SignJWT } from "jose";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { createTestHarness } from "wrangler";
import { OutsideService } from "../../examples/inbox/mail-service.ts";
import {
	blocksIn,
	readDocument,
	root,
	typeErrors,
	write as writeTo,
} from "./documents.ts";

/** Inside the package, so that its own name resolves; ignored by git. */
const folder = join(root, ".wrangler/apps");

const run = promisify(execFile);
const wait = { timeout: 20_000, interval: 50 };
const CARRIER_SECRET = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

const { publicKey, privateKey } = await generateKeyPair("ES256");
const blocks = blocksIn(await readDocument("docs/guides/apps.md"));
const [events = "", claims = ""] = codeIn("json");

/** Each setup with the carrier that its Worker calls. */
const setups = ["one", "two"].map((name) => ({
	name,
	carrier: new OutsideService(
		() => Promise.reject(new Error("the test calls the webhook itself")),
		() => {},
	),
}));
let harness: ReturnType<typeof createTestHarness>;

function codeIn(language: string): string[] {
	return blocks.flatMap((block) =>
		block.language === language ? block.code : [],
	);
}

const write = (path: string, text: string) => writeTo(join(folder, path), text);

const inFiles = blocks.flatMap(({ language, path, code }) =>
	language === "ts" && path !== undefined ? [{ path, code }] : [],
);

/** Writes the files of the guide. In the second setup, the subscribing app is a Worker of its own. */
async function writeSetup(name: string): Promise<void> {
	const isSecond = name === "two";
	for (const { path, code } of inFiles)
		await write(`${name}/${path}`, isSecond ? apart(path, code) : code);
	await write(`${name}/parcels/events.json`, events);
	const config = (await readDocument("wrangler.toml"))
		.replace('name = "tidings"', `name = "${name}"`)
		.replaceAll('"tidings-', `"${name}-`);
	const [bucket] = codeIn("toml");
	await write(
		`${name}/wrangler.toml`,
		isSecond
			? `${config}\n[[services]]\nbinding = "TRACKER"\nservice = "tracker"\nentrypoint = "Subscriber"\n`
			: `${config}\n${bucket}`,
	);
	await write(
		`${name}/tracker/wrangler.toml`,
		`name = "tracker"\nmain = "index.ts"\ncompatibility_date = "2026-11-01"\n${bucket}`,
	);
	await write(
		`${name}/env.d.ts`,
		"declare namespace Cloudflare { interface Env { CARRIER: string; CARRIER_SECRET: string; AUTH_PUBLIC_KEY: string; TRACKER: unknown } }\n",
	);
	for (const line of codeIn("sh").join("").trim().split("\n")) {
		const [npx, tidings, ...args] = line.split(" ");
		expect([npx, tidings]).toEqual(["npx", "tidings"]);
		await run(process.execPath, [join(root, "scripts/generate.ts"), ...args], {
			cwd: join(folder, name),
		});
	}
}

/** Changes a file as the section on several Workers says. */
function apart(path: string, code: string): string {
	const changed: Record<string, string> = {
		"src/main.ts": code
			.replace(/^import \{ tracker \}.*\n/m, "")
			.replace("[parcels, tracker]", "[parcels]"),
		"tidings.config.ts": code
			.replace('"@acme/tracker/note_move"', '"tracker/@acme/tracker/note_move"')
			.replace(
				"defineConfig({",
				'defineConfig({\n\tsubscribers: { tracker: { binding: "TRACKER" } },',
			),
	};
	const now = changed[path] ?? code;
	if (path in changed) expect(now).not.toBe(code);
	return now;
}

beforeAll(async () => {
	await rm(folder, { recursive: true, force: true });
	for (const { name } of setups) await writeSetup(name);
	const spki = await exportSPKI(publicKey);
	const owners = await Promise.all(
		setups.map(async ({ name, carrier }) => ({
			configPath: `.wrangler/apps/${name}/wrangler.toml`,
			vars: { CARRIER: await carrier.listen() },
			secrets: { AUTH_PUBLIC_KEY: spki, CARRIER_SECRET },
		})),
	);
	const tracker = { configPath: ".wrangler/apps/two/tracker/wrangler.toml" };
	harness = createTestHarness({ root, workers: [...owners, tracker] });
	await harness.listen();
});
afterAll(async () => {
	for (const { carrier } of setups) carrier.close();
	await harness.close();
});

/** Issues a token with the claims of the guide. */
function token(): Promise<string> {
	const { exp: _, ...rest } = JSON.parse(claims);
	return new SignJWT(rest)
		.setProtectedHeader({ alg: "ES256" })
		.setExpirationTime("1 hour")
		.sign(privateKey);
}

/** Signs a webhook request as the carrier does. */
function signed(body: string) {
	const at = new Date();
	const id = crypto.randomUUID();
	return {
		method: "POST",
		headers: {
			"webhook-id": id,
			"webhook-timestamp": String(Math.floor(at.getTime() / 1_000)),
			"webhook-signature": new Webhook(CARRIER_SECRET).sign(id, at, body),
		},
		body,
	};
}

test.each(setups)(
	"the apps of the guide follow a parcel from the first subscriber to the last (Workers: $name)",
	async ({ name, carrier }) => {
		const worker = harness.getWorker(name);
		const authorization = `Bearer ${await token()}`;
		const tool = async (tool: string) => {
			const path = `/v1/apps/@acme/tracker/tools/${tool}`;
			const init = { method: "POST", headers: { authorization } };
			return (await worker.fetch(path, init)).json();
		};
		const move = JSON.stringify({
			owner: "ada@example.com",
			parcelId: "p1",
			place: "Utrecht",
		});

		expect(await tool("follow_parcels")).toEqual({
			output: { state: "active" },
		});
		const url = carrier.webhook as string;
		expect(url).toMatch(
			/^https:\/\/events\.acme\.example\/hooks\/@acme\/parcels\/parcel_moved\/[\w-]{43}$/,
		);

		const strange = await worker.fetch(url, { method: "POST", body: move });
		expect(strange.status).toBe(401);
		expect((await worker.fetch(url, signed(move))).status).toBe(202);
		const { APP_STORAGE } = await harness
			.getWorker<{ APP_STORAGE: R2Bucket }>(name === "two" ? "tracker" : name)
			.getEnv();
		await vi.waitFor(async () => {
			const note = await APP_STORAGE.get("@acme/tracker/a1/p1.json");
			expect(await note?.json()).toEqual({ place: "Utrecht" });
		}, wait);

		expect(await tool("unfollow_parcels")).toEqual({
			output: { wasFollowing: true },
		});
		await vi.waitFor(async () => {
			expect(carrier.webhook).toBeUndefined();
			expect((await worker.fetch(url, signed(move))).status).toBe(410);
		}, wait);
		expect(carrier.asked).toEqual({ put: 1, delete: 1 });
	},
);

/** Names that a block uses without a declaration, because the guide has introduced them. */
const PRELUDE = `
import type { Capabilities } from "tidings/apps";
import { events } from "./src/main.ts";
import config from "./tidings.config.ts";
declare const capabilities: Capabilities;
declare const token: string;
`;

test("the code of the guide compiles", async () => {
	const rest = blocks.flatMap(({ language, path, code }) =>
		language === "ts" && path === undefined ? code : [],
	);
	expect(rest.length).toBeGreaterThanOrEqual(5);
	for (const [index, code] of rest.entries()) {
		const imports = code.match(/^import .*$/gm) ?? [];
		const acts = code
			.replaceAll(/^import .*$/gm, "")
			.replace("export default", "void");
		await write(
			`one/block-${index}.ts`,
			`${PRELUDE}${imports.join("\n")}\nexport async function block() {\n${acts}\n}\n`,
		);
	}
	expect(await typeErrors(folder, ["two/env.d.ts"])).toBe("");
});
