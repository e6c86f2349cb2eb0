/** The floors of the house: imports go down, and each file is short enough to have one job. */
import { describe, expect, test } from "vitest";

declare global {
	interface ImportMeta {
		/** Vite's; with these options it gives the text of each file. */
		glob(
			pattern: string,
			options: { query: "?raw"; import: "default"; eager: true },
		): Record<string, string>;
	}
}

const sources = import.meta.glob("../src/**/*.ts", {
	query: "?raw",
	import: "default",
	eager: true,
});
const all = new Map(
	Object.entries(sources).map(([path, text]) => [
		path.replace("../src/", ""),
		text,
	]),
);
/** The house; what its inhabitants write, in `main.ts`, `handlers/` and `subscribers/`, is theirs. */
const files = new Map(
	[...all].filter(
		([file]) =>
			!/^(main\.ts|handlers\.generated\.ts|handlers\/|subscribers\/)/.test(
				file,
			),
	),
);

const DOORS = ["index.ts", "worker.ts", "client.ts"];
/** Above the steps, in the order of an event's life; an import goes only forward. */
const STEPS = [
	"apps/run-tool.ts",
	"apps/lifecycle.ts",
	"apps/subscribe.ts",
	"apps/trigger.ts",
	"apps/send.ts",
	"publish.ts",
	"stamp.ts",
	"schedule.ts",
	"queue.ts",
	"apps/deliver-to-subscriber.ts",
	"apps/fan-out.ts",
	"dispatch.ts",
	"call.ts",
	"deliver.ts",
	"await.ts",
	"settle.ts",
	"batch.ts",
	"run.ts",
	"attempt.ts",
	"attempt-time.ts",
	"carry.ts",
	"body.ts",
	"bury.ts",
	"dead-letter.ts",
	"retry.ts",
	"replay.ts",
	"apps/directory.ts",
	"apps/tokens.ts",
	"apps/issuer-keys.ts",
	"timer.ts",
];
const JOINTS = [
	"apps/app.ts",
	"bindings.ts",
	"apps/capabilities.ts",
	"consumers.ts",
	"apps/door.ts",
	"gather.ts",
	"apps/hook.ts",
	"resend.ts",
	"lanes.ts",
	"shards.ts",
	"apps/storage.ts",
	"transport.ts",
	"workflow.ts",
];

/** From the roof to the ground. */
function floorOf(file: string): number {
	if (file.startsWith("contract/")) return 0;
	if (STEPS.includes(file)) return 1;
	if (JOINTS.includes(file)) return 2;
	if (
		file.startsWith("objects/") ||
		file === "events.ts" ||
		file === "owner.ts" ||
		file === "register.ts" ||
		file === "configure.ts" ||
		file === "modules.ts" ||
		file === "client.ts"
	)
		return 3;
	if (file.startsWith("entrypoints/")) return 4;
	if (DOORS.includes(file) || file.startsWith("dialects/")) return 5;
	throw new Error(`${file} has no floor: give it a room in the house`);
}

/** What a file imports of this house, types included. */
function importsOf(file: string): string[] {
	const here = `https://src.test/${file}`;
	return [...(files.get(file) ?? "").matchAll(/from\s+"(\.[^"]+)"/g)].map(
		([, target]) => new URL(target as string, here).pathname.slice(1),
	);
}

/** What a file carries with it, by imports of values. */
function carriedBy(file: string, carried = new Set<string>()): Set<string> {
	const here = `https://src.test/${file}`;
	const text = files.get(file) ?? "";
	for (const [, clause, target] of text.matchAll(
		/(?:import|export)\s+([^;]*?)\s*from\s+"([^"]+)"/g,
	)) {
		const onlyTypes =
			clause?.startsWith("type ") ||
			/^\{(\s*type [^,}]+,?)+\s*\}$/.test(clause ?? "");
		if (onlyTypes) continue;
		const name = target?.startsWith(".")
			? new URL(target, here).pathname.slice(1)
			: (target as string);
		if (carried.has(name)) continue;
		carried.add(name);
		if (files.has(name)) carriedBy(name, carried);
	}
	return carried;
}

describe.each([...files.keys()])("%s", (file) => {
	test("imports only from its own floor or one below", () => {
		for (const target of importsOf(file))
			expect(floorOf(target), `${file} imports ${target}`).toBeLessThanOrEqual(
				floorOf(file),
			);
	});

	test("begins with what it does", () => {
		expect(files.get(file)).toMatch(/^\/\*\*/);
	});

	test("has at most 250 lines", () => {
		expect(files.get(file)?.split("\n").length).toBeLessThanOrEqual(250);
	});
});

test("a step imports only forward in the life of an event", () => {
	for (const [index, step] of STEPS.entries())
		for (const target of importsOf(step).filter((target) =>
			STEPS.includes(target),
		))
			expect(
				STEPS.indexOf(target),
				`${step} imports ${target}`,
			).toBeGreaterThan(index);
});

test("no drawer is named utils, helpers, shared or types", () => {
	expect(
		[...files.keys()].filter((file) =>
			/(^|\/)(utils?|helpers?|shared|types|misc)(\/|\.ts$)/.test(file),
		),
	).toEqual([]);
});

test("only objects speak SQL, only entry points know Hono", () => {
	const speaking = (pattern: RegExp) =>
		[...files]
			.filter(([, text]) => pattern.test(text))
			.map(([file]) => file.split("/")[0]);
	expect(
		new Set(speaking(/\bsql\b.*\bexec|CREATE TABLE|extends DurableObject/)),
	).toEqual(new Set(["objects"]));
	expect(new Set(speaking(/from "hono/))).toEqual(new Set(["entrypoints"]));
});

const DIALECTS = [...files.keys()].filter((file) =>
	/^dialects\/[^/]+$/.test(file),
);

test.each(["index.ts", "client.ts", ...DIALECTS])(
	"%s carries neither Hono, nor zod, nor an object, nor an entry point",
	(door) => {
		const carried = [...carriedBy(door)];
		expect(carried.length).toBeGreaterThan(3);
		expect(
			carried.filter((name) => /^(hono|zod|objects|entrypoints)/.test(name)),
		).toEqual([]);
	},
);

test("a dialect is a thin door: it reaches no step, and no other dialect", () => {
	expect(DIALECTS.length).toBeGreaterThanOrEqual(4);
	for (const file of [...files.keys()].filter((file) =>
		file.startsWith("dialects/"),
	)) {
		const [dialect] = file.replace("dialects/", "").split(/[./]/);
		for (const target of importsOf(file)) {
			expect(STEPS, `${file} imports ${target}`).not.toContain(target);
			if (target.startsWith("dialects/"))
				expect(target).toMatch(new RegExp(`^dialects/(bus|${dialect})[./]`));
		}
	}
});

test("client.ts has no static import of the platform, and no calendar", () => {
	const carried = [...carriedBy("client.ts")];
	expect(
		carried.filter((name) => /^(cloudflare:|dayjs|uuid)/.test(name)),
	).toEqual([]);
});
