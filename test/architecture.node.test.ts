/** The structure of `src/`: folders are layers, imports point down, and files are short. Then the lockfile. */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";

const root = join(import.meta.dirname, "../src");
const files = new Map(
	globSync("**/*.{ts,tsx}", { cwd: root })
		// A user's own files in the Worker that this repository deploys, and what a script has written.
		.filter((file) => !/^main\.ts$|\.generated\.ts$|^subscribers\//.test(file))
		.map((file) => [file, readFileSync(join(root, file), "utf8")]),
);

/** From top to bottom. A file imports from its own layer or from a lower one. */
const LAYERS: readonly (readonly string[])[] = [
	[
		"index.ts",
		"worker.ts",
		"objects.ts",
		"client.ts",
		"admin.ts",
		"dashboard.ts",
		"testing/",
		"dialects/",
	],
	["entrypoints/", "dashboard/"],
	["config/assemble.ts", "events.ts", "registration.ts", "apps/"],
	// The steps in the order of an event's life. A step imports from itself and from later steps only.
	["health/"],
	["selftest/"],
	["doctor/"],
	["jobs/"],
	["publish/"],
	["local/"],
	["schedule/"],
	["consume/"],
	["dead-letters/"],
	["journal/"],
	["ports.ts"],
	["handlers/", "payloads/", "keys/", "config/"],
	["platform/"],
	["lists/", "event/"],
];

function layerOf(file: string): number {
	const exact = LAYERS.findIndex((layer) => layer.includes(file));
	const layer =
		exact >= 0
			? exact
			: LAYERS.findIndex((layer) =>
					layer.some((name) => name.endsWith("/") && file.startsWith(name)),
				);
	if (layer < 0) throw new Error(`${file} is in no layer`);
	return layer;
}

interface Import {
	/** A path in `src/`, or the name of a package. */
	target: string;
	isTypeOnly: boolean;
}

function importsOf(file: string): Import[] {
	const here = `https://src.test/${file}`;
	const text = files.get(file) ?? "";
	return [
		...text.matchAll(/(?:import|export)\s+([^;]*?)\s*from\s+"([^"]+)"/g),
	].map(([, clause = "", target = ""]) => ({
		target: target.startsWith(".")
			? new URL(target, here).pathname.slice(1)
			: target,
		isTypeOnly:
			clause.startsWith("type ") || /^\{(\s*type [^,}]+,?)+\s*\}$/.test(clause),
	}));
}

/** All modules that a bundle of this file contains. */
function bundleOf(file: string, bundle = new Set<string>()): Set<string> {
	for (const { target, isTypeOnly } of importsOf(file)) {
		if (isTypeOnly || bundle.has(target)) continue;
		bundle.add(target);
		if (files.has(target)) bundleOf(target, bundle);
	}
	return bundle;
}

describe.each([...files.keys()])("%s", (file) => {
	test("imports only from its own layer or a lower one", () => {
		for (const { target, isTypeOnly } of importsOf(file)) {
			// The dictionary of ports has no code. It names types of every layer, and every layer above `event/` names its.
			const isOfPorts = file === "ports.ts" || target === "ports.ts";
			if (!files.has(target) || (isOfPorts && isTypeOnly)) continue;
			expect(layerOf(target), `imports ${target}`).toBeGreaterThanOrEqual(
				layerOf(file),
			);
		}
	});

	test("opens with a comment on what it does", () => {
		expect(files.get(file)).toMatch(/^\/\*\*/);
	});

	test("has at most 250 lines", () => {
		expect(files.get(file)?.split("\n").length).toBeLessThanOrEqual(250);
	});
});

test("no two files import each other, directly or through others, except through the types of ports.ts", () => {
	const done = new Set<string>(["ports.ts"]);
	const visit = (file: string, path: readonly string[]): void => {
		if (done.has(file)) return;
		expect(path, [...path, file].join(" → ")).not.toContain(file);
		for (const { target, isTypeOnly } of importsOf(file)) {
			// The parts of the simulated platform name each other's types.
			const isOfPlatform = [file, target].every((one) =>
				one.startsWith("testing/platform/"),
			);
			if (files.has(target) && !(isOfPlatform && isTypeOnly))
				visit(target, [...path, file]);
		}
		done.add(file);
	};
	for (const file of files.keys()) visit(file, []);
});

test("the root has at most ten files, a folder at most 22", () => {
	const perFolder = Object.groupBy(files.keys(), (file) =>
		file.includes("/") ? file.slice(0, file.lastIndexOf("/")) : "",
	);
	for (const [folder, names = []] of Object.entries(perFolder))
		expect(names.length, folder || "src").toBeLessThanOrEqual(
			// The root also has main.ts.
			folder === "" ? 9 : 22,
		);
});

test("no folder or file is named utils, helpers, shared, types or misc", () => {
	expect(
		[...files.keys()].filter((file) =>
			/(^|\/)(utils?|helpers?|shared|types|misc)(\/|\.ts$)/.test(file),
		),
	).toEqual([]);
});

test.each<[string, RegExp, RegExp]>([
	// The two of the platform count what tables write, and cache what they read.
	[
		"SQL",
		/\bsql\b[^\n]*\bexec|CREATE TABLE/,
		/-(object|table|search)\.ts$|^platform\/(activity|query-cache)\.ts$/,
	],
	["extends DurableObject", /extends DurableObject/, /-object\.ts$/],
	["Hono", /from "hono/, /^(entrypoints|dashboard)\//],
	[
		"a route without a description",
		/\bapp\.(get|post|put|patch|delete|on|all)\(/,
		/^entrypoints\/http\/operation\.ts$|^dashboard\//,
	],
	["WorkerEntrypoint", /extends WorkerEntrypoint/, /^entrypoints\//],
	["console", /\bconsole\b[.[]/, /^platform\/log\.ts$/],
	[
		"the environment",
		/import \{[^}]*\benv\b[^}]*\} from "cloudflare:workers"/,
		/^platform\//,
	],
	["setAlarm", /\.setAlarm\(/, /^platform\/(alarm|activity)\.ts$/],
	[
		"ack and retry",
		/message\.retry\(|\.(ack|ackAll|retryAll)\(/,
		/^consume\/settle-message\.ts$/,
	],
])("%s is used in one place only", (_, used, allowed) => {
	const users = [...files].filter(
		// The test kit simulates what these places use.
		([file, text]) => !file.startsWith("testing") && used.test(text),
	);
	expect(users.length).toBeGreaterThan(0);
	expect(
		users.map(([file]) => file).filter((file) => !allowed.test(file)),
	).toEqual([]);
});

test("only the act moves deliveries: consume/settle.ts and consume/settle-message.ts", () => {
	const moves =
		/^consume\/requeue\.ts$|^dead-letters\/(bury|resolve|store)\.ts$/;
	const act = /^consume\/settle(-message)?\.ts$/;
	const users = [...files.keys()].filter(
		(file) =>
			!file.startsWith("dead-letters/") &&
			importsOf(file).some(({ target }) => moves.test(target)),
	);
	expect(users.filter((file) => act.test(file))).toHaveLength(2);
	// A person who cancels a delivery releases its dead letter. No message is consumed.
	expect(users.filter((file) => !act.test(file))).toEqual([
		"schedule/deliveries.ts",
	]);
});

test("only config/assemble.ts, events.ts and the entry points know the types of apps", () => {
	const core =
		/^(publish|schedule|consume|dead-letters|handlers|payloads|config|platform|event)\/|^ports\.ts/;
	for (const file of [...files.keys()].filter((file) => core.test(file)))
		for (const { target } of importsOf(file))
			if (file !== "config/assemble.ts")
				expect(target, `${file} imports ${target}`).not.toMatch(/^apps\//);
});

const DIALECTS = [...files.keys()].filter((file) =>
	/^dialects\/[^/]+$/.test(file),
);

test.each([
	"index.ts",
	"client.ts",
	...DIALECTS.filter((file) => file !== "dialects/apps.ts"),
])(
	"a bundle of %s contains neither Hono, nor zod, nor an object, nor an entry point",
	(entry) => {
		const bundle = [...bundleOf(entry)];
		expect(bundle.length).toBeGreaterThan(3);
		const excluded = /^(hono|zod|entrypoints\/)|-object\.ts$/;
		expect(bundle.filter((name) => excluded.test(name))).toEqual([]);
	},
);

test("a bundle of an app contains neither Hono, nor an object, nor an entry point", () => {
	const bundle = [...bundleOf("apps/app.ts")];
	// The declaration of an app is validated with zod.
	expect(bundle).toContain("zod");
	const excluded = /^(hono|entrypoints\/)|-object\.ts$/;
	expect(bundle.filter((name) => excluded.test(name))).toEqual([]);
});

test("only dialects/apps.ts brings apps: a bundle of worker.ts has none of their code, and one with the objects what the object of an event needs", () => {
	const brought = /^apps\/|^entrypoints\/http\/apps\/|^(jose|@cfworker)/;
	const appsIn = (bundle: Set<string>) =>
		[...bundle].filter((name) => brought.test(name)).sort();
	// The stand-in for apps, and the names of their events.
	expect(appsIn(bundleOf("worker.ts"))).toEqual([
		"apps/app-name.ts",
		"apps/delivery-ids.ts",
		"apps/extension/absent-apps.ts",
		"apps/own-app.ts",
	]);
	expect(appsIn(bundleOf("objects.ts"))).toEqual([
		"apps/subscriptions/lifecycle-runner.ts",
		"apps/subscriptions/lifecycle.ts",
		"apps/subscriptions/subscription-table.ts",
		"apps/subscriptions/subscriptions-object.ts",
		"apps/webhooks/delivery-waiters.ts",
		"apps/webhooks/webhook-table.ts",
	]);
	expect(appsIn(bundleOf("dialects/apps.ts"))).toContain("jose");
});

test("only entrypoints/selftest.ts brings the selftest: a bundle of worker.ts has its stand-in alone", () => {
	const brought = (entry: string) =>
		[...bundleOf(entry)].filter((name) =>
			/^(selftest\/|entrypoints\/(http\/)?selftest)/.test(name),
		);
	expect(brought("worker.ts")).toEqual(["selftest/absent-selftest.ts"]);
	expect(brought("entrypoints/selftest.ts")).toContain("selftest/start.ts");
});

test("only dashboard.ts brings the dashboard: a bundle of worker.ts has neither its pages nor JSX", () => {
	const bundle = [...bundleOf("worker.ts")];
	expect(bundle).toContain("entrypoints/http/app.ts");
	const brought = /^dashboard|^hono\/(jsx|cookie|streaming)/;
	expect(bundle.filter((name) => brought.test(name))).toEqual([]);
	expect([...bundleOf("dashboard.ts")]).toContain("dashboard/app.tsx");
});

test("no page has inline code or style, and htmx gets no code to evaluate", () => {
	const pages = [...files].filter(([file]) => file.startsWith("dashboard/"));
	expect(pages.length).toBeGreaterThan(20);
	for (const [file, text] of pages) {
		if (!file.endsWith(".tsx")) continue;
		expect(text, file).not.toMatch(/\sstyle=|<style|dangerouslySetInnerHTML/);
		expect(text, file).not.toMatch(/\son[a-z]+=|hx-on|["'`{]js:/);
		// A filter in brackets would be code.
		expect(text, file).not.toMatch(/hx-trigger=(?!"[^"[]*")/);
		expect(text, file).not.toMatch(/javascript:/);
		// Only the document type is not escaped.
		for (const [, given] of text.matchAll(/\braw\(([^)]*)\)/g))
			expect(given, file).toBe('"<!doctype html>"');
		for (const [script] of text.matchAll(/<script[^>]*>[^<]*/g))
			expect(script, file).toMatch(
				/^<script src=\{base \+ assets\.\w+\} defer>$/,
			);
		// Every form has the token of its visitor, except those that post nothing.
		for (const [form] of text.matchAll(/<form[^>]*>/g))
			expect(form, file).toMatch(
				file.endsWith("/form.tsx") ? /post/ : /method="(get|dialog)"/,
			);
	}
});

test("a dialect adds no mechanism: it imports no step, and no other dialect", () => {
	expect(DIALECTS.length).toBeGreaterThanOrEqual(4);
	for (const file of [...files.keys()].filter((file) =>
		file.startsWith("dialects/"),
	)) {
		const [dialect] = file.replace("dialects/", "").split(/[./]/);
		for (const { target } of importsOf(file)) {
			expect(target).not.toMatch(/^(publish|schedule|consume|dead-letters)\//);
			if (target.startsWith("dialects/"))
				expect(target).toMatch(new RegExp(`^dialects/(bus|${dialect})[./]`));
		}
	}
});

test("client.ts imports neither the platform nor a calendar statically", () => {
	const bundle = [...bundleOf("client.ts")];
	expect(bundle.filter((name) => /^(cloudflare:|dayjs)/.test(name))).toEqual(
		[],
	);
});

test("npm verifies every package of the lockfile: each entry has a version and its integrity", () => {
	const path = join(root, "../package-lock.json");
	const { packages } = JSON.parse(readFileSync(path, "utf8"));
	// The entry without a path is this package itself.
	const { "": _, ...installed } = packages;
	expect(Object.keys(installed).length).toBeGreaterThan(100);
	for (const [path, { version, integrity }] of Object.entries<
		Record<string, string>
	>(installed)) {
		expect(version, path).toMatch(/^\d+\.\d+\.\d+/);
		expect(integrity, `${path} ${version}`).toMatch(
			/^sha512-[A-Za-z0-9+/]{86}==$/,
		);
	}
});
