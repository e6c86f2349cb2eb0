/** The deliberate breaks of `npm run mutants`: each still has its place in the source. */
import { join } from "node:path";
import { expect, test } from "vitest";
import { broken } from "../scripts/mutants/break.ts";
import { BREAKS } from "../scripts/mutants/breaks.ts";

const root = join(import.meta.dirname, "..");

test.each(BREAKS)("$file can be broken so that $why", (deliberate) => {
	expect(broken(deliberate, root)).toContain(deliberate.to);
});

test("no two breaks are alike, and none is a change that changes nothing", () => {
	const told = BREAKS.map(({ file, why }) => `${file} ${why}`);
	expect(new Set(told).size).toBe(told.length);
	for (const { from, to } of BREAKS) expect(to).not.toBe(from);
});

test("a break that has lost its place, or has two, is refused and named", () => {
	const lost = { why: "w", file: "src/retry.ts", to: "" };
	for (const [from, times] of [
		["no such text", 0],
		["policy.limit + 1 + CRASH_SLACK", 1],
		["return {", 2],
	] as const) {
		const breaking = () => broken({ ...lost, from }, root);
		if (times === 1) expect(breaking).not.toThrow();
		else expect(breaking).toThrow(/src\/retry\.ts: "w": its text occurs/);
	}
});
